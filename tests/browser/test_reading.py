"""The page in a browser: choosing, sliding, comparing, guessing, and the way back from each."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Opener, article_text


def caret(page: Page, gap: int) -> Locator:
    return page.locator(f"#gap-{gap} .mark")


def test_the_script_shows_what_the_page_showed_without_it(open_page: Opener) -> None:
    without = open_page("harbour/index.html", java_script_enabled=False).locator(".essay").inner_text()
    assert article_text(open_page("harbour/index.html")) == " ".join(without.replace("^", "").split())


def test_without_a_script_the_readings_are_pages_and_the_tools_are_hidden(open_page: Opener, sites: Path) -> None:
    page = open_page("harbour/index.html", java_script_enabled=False)
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator("#length")).to_be_hidden()
    page.get_by_role("link", name="Strange").click()
    expect(page).to_have_url(re.compile(r"strange\.html$"))
    expect(page.locator("article")).to_contain_text("Nothing in the harbour moved")
    page.locator("#gap-0 .mark").click()
    expect(page).to_have_url(re.compile(r"made\.html#strange-0$"))
    page.get_by_role("link", name="Gap 1").nth(1).click()
    expect(page).to_have_url(re.compile(r"strange\.html#gap-0$"))


def test_it_all_works_from_a_file(open_page: Opener, sites: Path) -> None:
    page = open_page((sites / "harbour" / "index.html").as_uri())
    caret(page, 0).click()
    page.get_by_label("Nothing", exact=True).check()
    expect(page.locator("article")).not_to_contain_text(
        "The clock stood still and the gulls went on without it. The tide"
    )
    assert page.evaluate("document.fonts.check('20px Human') && document.fonts.check('20px Machine')")
    page.get_by_role("link", name="How it was made").first.click()
    expect(page.locator("h1")).to_have_text("How it was made")


def test_readings_change_in_place(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.get_by_role("link", name="Strange").click()
    expect(page).to_have_url(re.compile(r"index\.html"))
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
    there = article_text(open_page("harbour/strange.html"))
    assert article_text(page) == there
    page.get_by_role("link", name="By hand").click()
    expect(page.locator("#by")).to_have_text("Ada, by hand")
    expect(page.locator("#count")).to_have_text(open_page("harbour/by-hand.html").locator("#count").inner_text())


def test_a_sentence_is_chosen_with_the_keyboard_alone(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(caret(page, 0)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Gap 1 of 4")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#gap-0 .machine")).to_have_text("^0 boats came in at number 0.")
    expect(page.locator("#count")).to_have_text("59 → 115 words, 1.95 ×")
    expect(page.locator("#yours")).to_be_visible()
    expect(page.locator("#by")).to_have_text("a reader of this page")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#gap-0 .machine")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(caret(page, 0)).to_be_focused()


def test_every_control_can_be_reached_with_the_keyboard(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert {"Fluffy", "Strange", "length", "play", "copy", "save", "print", "rope", "How it was made", "^"} <= set(seen)


def test_a_sentence_is_chosen_by_touch(open_page: Opener) -> None:
    page = open_page("harbour/index.html", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.locator("#gap-1 .said").first.tap()
    expect(page.get_by_role("dialog", name="Gap 2 of 4")).to_be_visible()
    page.locator(".offer", has_text="Nothing in the harbour").locator("label").tap()
    expect(page.locator("#gap-1")).to_contain_text("Nothing in the harbour moved")
    sheet = page.locator("#slip").bounding_box()
    gap = page.locator("#gap-1").bounding_box()
    assert sheet
    assert gap
    assert gap["y"] + gap["height"] <= sheet["y"]
    page.get_by_role("button", name="Next gap").tap()
    expect(page.get_by_role("dialog", name="Gap 3 of 4")).to_be_visible()
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_every_candidate_is_offered_with_its_measures_and_its_origin(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    caret(page, 0).click()
    offers = page.locator("#slip .offer")
    expect(offers).to_have_count(6)
    expect(offers.nth(1)).to_contain_text("closeness 0.50")
    page.locator(".aside summary").click()
    expect(offers.last).to_contain_text("cut off")
    page.get_by_text("Where it came from").click()
    origin = page.locator(".origin-here")
    for said in ("no-model", "passage once", "3.71 → 2.15 nats a token", "temperature", "seed", "1 of 2 sentences"):
        expect(origin).to_contain_text(said)
    expect(origin.locator("del")).to_have_text("The harbour master kept his own time. He never told")
    page.get_by_label("0 boats came in").check()
    expect(origin.locator("del")).to_have_text("Nothing in the harbour moved that morning but the water. ")
    page.get_by_label("Rain is a clock, too").check()
    expect(origin).to_contain_text("edited by hand")
    expect(origin.locator("dl")).to_have_count(2)


def test_sentences_are_taken_off_and_put_back_one_by_one(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    caret(page, 1).click()
    page.get_by_role("button", name="One sentence fewer").click()
    expect(page.locator("#gap-1 .said")).to_have_text(["Rain is a kind of clock too."])
    expect(page.get_by_role("button", name="One sentence more")).to_be_focused()
    page.get_by_role("button", name="One sentence more").click()
    expect(page.locator("#gap-1 .said")).to_have_count(2)
    expect(page.get_by_role("link", name="Fluffy")).to_have_attribute("aria-current", "page")


def test_tokens_are_tinted_by_how_they_surprised(open_page: Opener) -> None:
    page = open_page("scored/index.html")
    caret(page, 0).click()
    page.get_by_text("Where it came from").click()
    tokens = page.locator(".tokens span")
    expect(tokens).to_have_count(21)
    assert page.locator(".tokens").inner_text().startswith("The clock stood still")
    expect(tokens.first).to_have_attribute("title", "about 41 % before overfitting, 92 % after")

    def tint() -> str:
        return tokens.last.evaluate("element => getComputedStyle(element).backgroundColor")

    after = tint()
    page.get_by_label("Darker where it surprised").select_option("base")
    assert tint() != after


def test_the_slider_goes_from_the_essay_alone_to_all_there_is(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    slider = page.locator("#length")
    start = article_text(page)
    reached = slider.input_value()
    slider.focus()
    page.keyboard.press("Home")
    assert article_text(page) == article_text(open_page("harbour/sparse.html"))
    expect(page.locator("#count")).to_have_text("59 words")
    counts = []
    for _ in range(int(slider.get_attribute("max") or 0)):
        page.keyboard.press("ArrowRight")
        counts.append(page.locator(".essay .said").count())
        if slider.input_value() == reached:
            assert article_text(page) == start
    assert counts == list(range(1, len(counts) + 1))
    assert len(counts) > int(reached)
    assert "words, " in (slider.get_attribute("aria-valuetext") or "")


def test_the_slider_goes_up_from_the_essay_alone(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.get_by_role("link", name="Sparse").click()
    page.locator("#length").press("End")
    assert article_text(page) == article_text(open_page("harbour/index.html"))


def test_the_original_stands_beside(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.get_by_label("beside the original").check()
    originals = page.locator(".original")
    expect(originals).to_have_count(3)
    assert "clock stood still" not in originals.first.inner_text()
    left, right = originals.first.bounding_box(), page.locator(".essay > p:not(.original)").first.bounding_box()
    assert left
    assert right
    assert left["x"] + left["width"] < right["x"]
    assert abs(left["y"] - right["y"]) < 2
    page.get_by_label("both voices").check()
    expect(originals.first).to_be_hidden()


def test_one_voice_hides_who_wrote_what(open_page: Opener) -> None:
    page = open_page("harbour/index.html")

    def look(selector: str) -> list[str]:
        return page.locator(selector).first.evaluate(
            "e => { const s = getComputedStyle(e); return [s.fontFamily, s.color, s.fontSize, s.fontWeight]; }"
        )

    assert look(".essay .machine")[0] != look(".essay .human")[0]
    assert look(".essay .machine")[1] != look(".essay .human")[1]
    page.get_by_label("one voice").check()
    assert look(".essay .machine") == look(".essay .human")
    expect(page.locator(".mark").first).to_be_hidden()


def test_the_game_asks_ten_times_and_keeps_the_score(open_page: Opener) -> None:
    page = open_page("long/index.html")
    page.get_by_role("button", name="Can you tell").click()
    game = page.locator("#game")
    right = 0
    for number in range(10):
        expect(game.locator("h2")).to_have_text(f"Sentence {number + 1} of 10")
        asked = page.locator(".asked")
        expect(asked).to_be_in_viewport()
        fonts = page.evaluate(
            "['.asked', '.human:not(.asked)'].map((s) => getComputedStyle(document.querySelector(s)).fontFamily)"
        )
        assert fonts[0] == fonts[1]
        machine = asked.evaluate("element => element.classList.contains('said')")
        guess = number % 2 == 0
        game.get_by_role("button", name="The machine" if guess else "A person").click()
        right += machine == guess
        expect(game.locator("h2")).to_have_text("Right" if machine == guess else "Wrong")
        expect(game).to_contain_text(f"You have told {right} of {number + 1}.")
        game.get_by_role("button", name="Your score" if number == 9 else "Next").click()
    expect(game.locator("h2")).to_have_text(f"{right} of 10")
    expect(game).to_contain_text("Tossing a coin would tell about 5.")
    game.get_by_role("button", name="Again").click()
    expect(game.locator("h2")).to_have_text("Sentence 1 of 10")
    page.keyboard.press("Escape")
    expect(game).to_be_hidden()
    expect(page.get_by_role("button", name="Can you tell")).to_be_focused()
    assert not page.evaluate("document.body.classList.contains('blind')")


def test_there_is_no_game_where_nothing_was_generated(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.get_by_role("link", name="Sparse").click()
    page.get_by_role("button", name="Can you tell").click()
    expect(page.locator("#game")).to_contain_text("There is nothing to tell apart")
    page.locator("#game").get_by_role("button", name="Done").click()
    expect(page.locator("#game")).to_be_hidden()


def test_the_reading_is_saved_as_text(open_page: Opener, sites: Path) -> None:
    page = open_page("harbour/index.html")
    with page.expect_download() as started:
        page.get_by_role("button", name="Save as text").click()
    saved = Path(started.value.path()).read_text()
    assert started.value.suggested_filename == "The-harbour.txt"
    assert saved.startswith("The harbour\n\nRain fell on the harbour all morning.[1] Nobody had mended")
    written = (sites / "harbour/fluffy.txt").read_text().split("\n\n")
    paragraphs = [line for line in written if line.startswith(("Rain", "Then", "One"))]
    assert len(paragraphs) == 3
    assert set(paragraphs) <= set(saved.split("\n\n"))
    caret(page, 0).click()
    page.get_by_label("Nothing", exact=True).check()
    with page.expect_download() as started:
        page.get_by_role("button", name="Save as text").click()
    assert "waiting. The tide took" in Path(started.value.path()).read_text()


def test_the_page_prints_without_its_tools(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.emulate_media(media="print")
    for selector in (".tools", ".readings", ".mark", ".foot"):
        expect(page.locator(selector).first).to_be_hidden()
    for selector in ("h1", ".disclosure", "#count", ".essay .machine"):
        expect(page.locator(selector).first).to_be_visible()


def test_new_sentences_fade_in_unless_motion_is_unwanted(open_page: Opener) -> None:
    for wanted, name in (("no-preference", "arrive"), ("reduce", "none")):
        page = open_page("harbour/index.html", reduced_motion=wanted)
        page.get_by_role("link", name="Strange").click()
        fresh = page.locator(".fresh").first
        assert fresh.evaluate("element => getComputedStyle(element).animationName") == name


COVERED = """(panel) => {
    const box = document.getElementById(panel).getBoundingClientRect();
    const found = [];
    for (const element of document.querySelectorAll("h1, #shape, .disclosure, .rail *, .essay > *, .foot")) {
        const range = document.createRange();
        range.selectNodeContents(element);
        const boxes = element.textContent ? range.getClientRects() : element.getClientRects();
        for (const { left, right, width } of boxes) {
            if (width && left < box.right && right > box.left) found.push(element.outerHTML.slice(0, 80));
        }
    }
    return [found, box.left >= 0 && box.right <= innerWidth, document.documentElement.scrollWidth <= innerWidth];
}"""


def test_the_text_moves_over_for_the_panel(open_page: Opener) -> None:
    page = open_page("long/index.html")
    page.evaluate("document.querySelector('h1').textContent = 'A title so long that it fills all the room there is'")
    for width in (1024, 1100, 1152, 1280, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        for view in ("both voices", "one voice", "beside the original"):
            if view != "one voice":  # which has no carets
                page.get_by_label(view).check()
                page.locator(".essay > p:not(.original) .mark").first.click()
            assert page.evaluate(COVERED, "slip") == [[], True, True], (width, view)
            page.get_by_label("both voices").check()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Can you tell").click()
        assert page.evaluate(COVERED, "game") == [[], True, True], width
        page.keyboard.press("Escape")
