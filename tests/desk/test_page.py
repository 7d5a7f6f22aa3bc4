"""The desk's page in a browser, on a tiny model: everything that a person touches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import chromium
from tests.desk.browsing import Seat, sitting, tab, violations
from tests.desks import Client, Running

TEXT = "The ferry leaves the stone pier as soon as the rain stops. An old fisherman counts"
PANELS = ("Tokens", "Tree", "Steering", "Prompt", "Weights")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


Sit = Callable[..., Seat]


@pytest.fixture
def sit(browser: Browser, running: Running, client: Client) -> Iterator[Sit]:
    """Somebody at a draft of their own, which is short in all it asks for."""
    open_now: list[Any] = []

    def sit_down(text: str = TEXT, steering: dict[str, Any] | None = None, **options: Any) -> Seat:
        draft = client.call("create", text=text)
        wanted = steering or {"settings": {"n": 2, "length": 6}}
        client.call("steer", draft=draft["id"], steering_revision=draft["steering_revision"], steering=wanted)
        address = f"{running.address}/?token={running.access.token}#draft={draft['id']}"
        manager = sitting(browser, address, **options)
        seat = manager.__enter__()
        open_now.append(manager)
        return seat

    yield sit_down
    for manager in open_now:
        manager.__exit__(None, None, None)


def draft_of(seat: Seat) -> int:
    return int(seat.page.url.split("draft=")[1])


def test_continuations_come_at_the_cursor_and_are_taken_up_to_any_token(sit: Sit) -> None:
    seat = sit("The ferry leaves. The night watch greets the far island.")
    seat.text.focus()
    seat.press("Control+Home", *["ArrowRight"] * len("The ferry leaves."))
    first, _ = seat.generate()
    seat.offers.first.focus()
    seat.press("Home", "ArrowRight")
    kept = seat.page.locator(".offer").first.locator(".kept").text_content() or ""
    assert first.startswith(kept)
    assert 0 < len(kept) < len(first)
    seat.press("Enter")
    seat.has(f"The ferry leaves.{kept} The night watch greets the far island.")
    assert seat.page.locator(".machine").all_text_contents() == [kept]
    seat.page.keyboard.type("!")
    seat.has(f"The ferry leaves.{kept}! The night watch greets the far island.")


def _middle_of_letter(seat: Seat, letter: int) -> tuple[float, float]:
    """Where a letter of the first continuation stands on the page."""
    x, y = seat.offers.first.evaluate(
        """(root, letter) => {
            const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
            let node = texts.nextNode();
            for (; node.length <= letter; node = texts.nextNode()) letter -= node.length;
            const range = document.createRange();
            range.setStart(node, letter);
            range.setEnd(node, letter + 1);
            const { left, top, width, height } = range.getBoundingClientRect();
            return [left + width / 2, top + height / 2];
        }""",
        letter,
    )
    return x, y


def test_a_click_takes_up_to_the_token_under_it_and_with_shift_up_to_the_letter(sit: Sit) -> None:
    seat = sit()
    seat.text.focus()
    seat.press("Control+End")
    first, _ = seat.generate()
    seat.page.keyboard.down("Shift")
    seat.page.mouse.click(*_middle_of_letter(seat, 1))
    seat.page.keyboard.up("Shift")
    seat.has(TEXT + first[:2])
    seat.press("Control+z")
    seat.has(TEXT)
    seat.command("c")  # the same ones again
    expect(seat.offers).to_have_count(2)
    seat.page.mouse.click(*_middle_of_letter(seat, 8))
    expect(seat.text).not_to_have_text(TEXT)
    seat.is_saved()
    taken = seat.says().removeprefix(TEXT)
    assert len(taken) > 2
    assert first.startswith(taken)


def test_undo_and_redo_are_not_eaten_by_quick_repetition(sit: Sit) -> None:
    seat = sit("")
    seat.write("One.\nTwo.\nThree.\nFour.")
    seat.is_saved()
    first, _ = seat.generate()
    seat.offers.first.focus()
    seat.press("Enter")
    whole = f"One.\nTwo.\nThree.\nFour.{first}"
    seat.has(whole)
    seat.text.focus()
    seat.press(*["Control+z"] * 5)
    seat.has("")
    seat.press(*["Control+y"] * 9)
    seat.has(whole)
    seat.press("Control+z", "Control+z", "Control+Shift+z")
    seat.has("One.\nTwo.\nThree.\nFour.")


def test_what_is_drawn_is_pinned_and_the_rest_drawn_anew(sit: Sit) -> None:
    seat = sit(steering={"settings": {"n": 3, "length": 6, "temperature": 2.0, "top_k": 0}})
    seat.text.focus()
    seat.press("Control+End")
    before = seat.generate()
    seat.offers.nth(1).focus()
    seat.press("p")
    expect(seat.page.locator(".offer.pinned")).to_have_count(1)
    seat.press("r")
    expect(seat.offers.first).to_have_text(before[1], use_inner_text=False)
    seat.page.get_by_role("button", name="Draw the rest anew").wait_for()
    expect(seat.offers).to_have_count(3)
    assert seat.offered()[1:] != [before[0], before[2]]


def test_quick_goes_on_at_once_and_a_number_of_rounds_adds_up(sit: Sit) -> None:
    seat = sit()
    seat.page.get_by_role("spinbutton", name="How many times").fill("2")
    seat.page.get_by_role("button", name="Quick").click()
    seat.text.focus()
    seat.press("Control+End", "Control+Enter")
    expect(seat.offers).to_have_count(4)
    seat.page.get_by_role("button", name="Draw anew").wait_for()
    first = seat.offered()[0]
    seat.offers.first.focus()
    seat.press("1")
    seat.has(TEXT + first)
    seat.page.get_by_role("button", name="Draw anew").wait_for()
    assert len(seat.offered()) == 4


def test_a_long_answer_is_stopped_and_what_had_come_can_be_taken(sit: Sit) -> None:
    seat = sit(steering={"settings": {"n": 2, "length": 400}})
    seat.text.focus()
    seat.press("Control+End", "Control+Enter")
    expect(seat.offers.first.locator(".kept")).not_to_have_text("")
    seat.press("Escape")
    seat.page.get_by_role("button", name="Draw anew").wait_for()
    expect(seat.page.get_by_role("button", name="Generate")).to_be_visible()
    words = seat.offered()[0]
    seat.offers.first.focus()
    seat.press("Enter")
    seat.has(TEXT + words)


def test_tokens_are_taken_from_a_list_of_a_hundred_with_their_probabilities(sit: Sit) -> None:
    seat = sit(steering={"settings": {"n": 2, "length": 6, "temperature": 0.5, "top_k": 3}})
    seat.text.focus()
    seat.press("Control+End", "Control+Space")
    tokens = seat.tokens()
    expect(tokens).to_have_count(100)
    expect(tokens.first).to_be_focused()
    assert "␣" in " ".join(tokens.locator(".token").all_text_contents())
    own = tokens.first.locator(".own").text_content() or ""
    after = tokens.first.locator(".set").text_content() or ""
    assert float(after.split()[0]) > float(own.split()[0]) > 0
    assert tokens.nth(50).locator(".set").text_content() == "0"
    word = (tokens.first.locator(".token").text_content() or "").replace("␣", " ")
    seat.press("Enter")
    seat.has(TEXT + word)
    expect(seat.tokens().first).to_be_focused()
    seat.press("ArrowDown")
    expect(tokens.nth(1)).to_be_focused()
    seat.press("Delete")
    expect(seat.status).to_contain_text("never comes")


def test_a_token_of_a_list_that_is_of_another_place_is_not_taken(sit: Sit) -> None:
    seat = sit()
    seat.text.focus()
    seat.press("Control+End", "Control+Space")
    expect(seat.tokens().first).to_be_focused()
    seat.page.evaluate(
        """() => {
            const ask = window.fetch;
            const held = new Promise((resolve) => { window.let_go = resolve; });
            window.fetch = async (address, options) => {
                if (address.endsWith("tokens")) await held;
                return ask(address, options);
            };
        }"""
    )
    seat.text.focus()
    seat.press("Control+Home", "ArrowRight")
    seat.page.locator(".choices-list.stale .choice").first.click()
    seat.page.evaluate("window.let_go()")
    expect(seat.status).to_contain_text("choose again")
    assert seat.says() == TEXT
    seat.tokens().first.click()
    seat.differs(TEXT)


def test_the_focus_stays_in_the_list_when_other_tokens_stand_in_it(sit: Sit, client: Client) -> None:
    seat = sit()
    seat.text.focus()
    seat.press("Control+End", "Control+Space")
    expect(seat.tokens().first).to_be_focused()
    seat.press("ArrowDown", "ArrowDown")
    before = seat.tokens().locator(".token").all_text_contents()
    draft = client.call("open", draft=draft_of(seat))
    client.call("save", draft=draft["id"], revision=draft["revision"], text="My aunt's")
    seat.has("My aunt's")
    assert seat.tokens().locator(".token").all_text_contents() != before
    expect(seat.tokens().nth(2)).to_be_focused()


def test_a_token_of_the_text_tells_its_probability_and_is_swapped_on_a_branch(sit: Sit, client: Client) -> None:
    seat = sit()
    seat.command("t")
    seat.command("1")
    legend = seat.page.get_by_role("list", name="What the tints mean")
    expect(legend.get_by_role("listitem")).to_have_count(5)
    expect(seat.text.locator(".run.p1, .run.p2, .run.p3, .run.p4, .run.p5").first).to_be_visible()
    seat.text.focus()
    seat.press("Control+Home", *["ArrowRight"] * 5)
    head = seat.page.locator(".token-head")
    expect(head).to_contain_text("rank")
    seat.page.get_by_role("checkbox", name="keep what follows").check()
    token = (head.locator("h3").text_content() or "").replace("␣", " ")
    other = seat.page.locator(".choice:not(.there)").first
    word = (other.locator(".token").text_content() or "").replace("␣", " ").replace("↵", "\n")
    other.click()
    at = TEXT.index(token)
    seat.has(TEXT[:at] + word + TEXT[at + len(token) :])
    assert seat.page.locator(".machine").all_text_contents() == [word]
    texts = [client.call("text", draft=draft_of(seat), node=node["id"])["text"] for node in nodes(client, seat)]
    assert TEXT in texts


def test_the_caret_stays_while_the_text_is_tinted_and_the_focus_is_elsewhere(sit: Sit) -> None:
    seat = sit()
    seat.text.focus()
    seat.press("Control+Home", *["ArrowRight"] * 9)
    panel = seat.panel("Tokens")
    panel.get_by_label("fresh", exact=True).check()
    expect(seat.text.locator(".run.p1, .run.p2, .run.p3, .run.p4, .run.p5").first).to_be_visible()
    seat.text.focus()
    seat.page.keyboard.type("!")
    seat.has(f"{TEXT[:9]}!{TEXT[9:]}")
    seat.press("Control+Home")
    expect(panel).to_contain_text("Nothing stands before it")


def nodes(client: Client, seat: Seat) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.call("tree", draft=draft_of(seat), since=0)["nodes"]
    return found


def test_one_overfits_on_the_passage_sees_it_in_force_compares_and_goes_back(sit: Sit) -> None:
    seat = sit()
    panel = seat.panel("Weights")
    button = panel.get_by_role("button", name="Overfit on this, ")
    expect(button).to_contain_text("s")
    button.click()
    force = seat.page.get_by_role("button", name="Weights in force")
    expect(force).to_contain_text("overfitted on “The ferry leaves")
    expect(panel).to_contain_text("loss")
    panel.get_by_role("button", name="Write once with each").click()
    expect(seat.offers).to_have_count(2)
    seat.page.get_by_role("button", name="Draw anew").wait_for()
    dial = panel.get_by_role("slider")
    dial.focus()
    seat.press("ArrowLeft", "ArrowLeft")
    expect(force).to_contain_text("× 0.9")
    seat.command("3")
    seat.panel("Tokens")
    expect(seat.text.locator(".run.d1, .run.d2, .run.d3, .run.d4, .run.d5").first).to_be_visible()
    seat.command("l")
    expect(force).to_contain_text("fresh")
    seat.command("2")
    expect(seat.status).to_contain_text("The weights are fresh")


def test_memory_note_entries_and_settings_are_in_what_the_model_sees(sit: Sit) -> None:
    seat = sit("One.\nTwo ferry.\nThree.\nFour.")
    panel = seat.panel("Steering")
    panel.get_by_label("Memory").fill("It rains.")
    panel.get_by_label("Note", exact=False).first.fill("Be calm.")
    panel.get_by_role("button", name="Add an entry").click()
    panel.get_by_label("Words that call entry 1").fill("ferry, boat")
    panel.get_by_label("Text of entry 1").fill("The ferry is old.")
    panel.get_by_label("Temperature").fill("0.5")
    panel.get_by_label("Stops").fill("\\n\nRuth:")
    panel.get_by_label("Stops").blur()
    panel.get_by_label("Top-p").fill("7")
    panel.get_by_label("Top-p").blur()
    expect(seat.status).to_contain_text("Top-p must be from")
    expect(panel.get_by_label("Top-p")).to_have_value("1")
    panel.get_by_label("Text of a token").fill(" harbour")
    panel.get_by_role("button", name="Ban", exact=True).click()
    expect(panel.get_by_text("never comes")).to_be_visible()
    seat.panel("Prompt")
    parts = panel.locator(".prompt-part")
    expect(panel.locator(".of-memory pre")).to_contain_text("It rains.")
    expect(panel.locator(".of-entry pre")).to_contain_text("The ferry is old.")
    expect(panel.locator(".of-note pre")).to_contain_text("Be calm.")
    expect(panel).to_contain_text("of 1,024 tokens")
    assert parts.count() >= 4
    seat.page.reload()
    seat.is_ready()
    seat.panel("Steering")
    expect(panel.get_by_label("Stops")).to_have_value("\\n\nRuth:")
    expect(panel.get_by_label("Temperature, changed")).to_have_value("0.5")


def test_a_preset_is_saved_used_and_deleted(sit: Sit) -> None:
    seat = sit()
    panel = seat.panel("Steering")
    panel.get_by_label("Temperature").fill("1.25")
    panel.get_by_label("Temperature").blur()
    expect(panel.get_by_label("Temperature, changed")).to_have_value("1.25")
    panel.get_by_label("Name of a new preset").fill("mine")
    panel.get_by_role("button", name="Save these settings").click()
    panel.get_by_role("button", name="Plain", exact=True).click()
    expect(panel.get_by_label("Temperature")).not_to_have_value("1.25")
    panel.get_by_role("button", name="mine", exact=True).click()
    expect(panel.get_by_label("Temperature, changed")).to_have_value("1.25")
    panel.get_by_role("button", name="Delete the preset mine").click()
    expect(panel.get_by_role("button", name="mine", exact=True)).to_have_count(0)


def test_the_tree_is_walked_named_bookmarked_compared_and_gone_back_in_by_keyboard(sit: Sit) -> None:
    # Two that say the same could not be told apart.
    seat = sit("One.", steering={"settings": {"n": 2, "length": 12, "temperature": 1.5, "top_k": 0}})
    seat.text.focus()
    seat.press("Control+End")
    first, second = seat.generate()
    seat.offers.first.focus()
    seat.press("Enter")
    seat.has(f"One.{first}")
    seat.command("h")
    lines = seat.page.get_by_role("treeitem")
    here = seat.page.get_by_role("treeitem", selected=True)
    expect(here).to_be_focused()
    seat.press("b")
    expect(here).to_contain_text("bookmark")
    seat.press("ArrowUp")
    focused = seat.page.locator('[role="treeitem"]:focus')
    expect(focused).to_have_attribute("aria-selected", "false")
    expect(focused).to_contain_text(second.strip()[:12])
    seat.press("c")
    dialog = seat.page.get_by_role("dialog", name="Compared")
    expect(dialog.locator("del").first).to_be_visible()
    seat.press("Escape")
    seat.command("h")
    seat.page.get_by_label("Name", exact=True).fill("the other")
    seat.page.get_by_label("Name", exact=True).press("Tab")
    other = lines.filter(has_text="the other")
    other.focus()
    seat.press("Enter")
    seat.has(f"One.{second}")
    seat.text.focus()
    seat.press("Control+z")
    seat.has(f"One.{first}")
    seat.page.get_by_role("checkbox", name="only what is named").check()
    expect(lines).to_have_count(2)


def test_drafts_are_found_named_tagged_cloned_archived_and_opened(sit: Sit) -> None:
    seat = sit("A heron of the seventh morning.")
    mother = seat.page.url
    seat.command("k")
    expect(seat.status).to_contain_text("child")
    assert seat.page.url != mother
    seat.write(" It sleeps.")
    seat.is_saved()
    seat.command("d")
    dialog = seat.page.get_by_role("dialog", name="Drafts")
    search = dialog.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.fill("seventh morning")
    drafts = dialog.locator(".draft-list > li")
    expect(drafts).to_have_count(2)
    child = drafts.filter(has_text="child of draft")
    child.locator("summary").click()
    child.get_by_label("Tags, by commas").fill("birds, sleep")
    child.get_by_label("Tags, by commas").press("Tab")
    dialog.get_by_role("button", name="birds").click()
    expect(drafts).to_have_count(1)
    child.get_by_label("Name").fill("Heron")
    child.get_by_label("Name").press("Tab")
    expect(child.locator("b")).to_have_text("Heron")
    child.get_by_role("button", name="Into the archive").click()
    expect(drafts).to_have_count(0)
    dialog.get_by_label("the archive").check()
    expect(drafts).to_have_count(1)
    child.locator("summary").click()
    child.get_by_role("button", name="Take out").click()
    dialog.get_by_label("the archive").uncheck()
    dialog.get_by_role("button", name="birds").click()
    search.fill("seventh morning")
    drafts.filter(has_not_text="child of draft").locator(".open-draft").click()
    seat.has("A heron of the seventh morning.")
    assert seat.page.url == mother


def test_a_branch_and_the_tree_are_exported_and_the_tree_is_brought_in_again(sit: Sit, tmp_path: Path) -> None:
    seat = sit("Bring me back.")
    with seat.page.expect_download() as text:
        seat.command("x")
    assert text.value.path().read_text() == "Bring me back."
    with seat.page.expect_download() as tree:
        seat.command("j")
    tree.value.save_as(tmp_path / "tree.json")
    assert json.loads((tmp_path / "tree.json").read_text())
    before = seat.page.url
    seat.command("d")
    seat.page.locator("input[type=file]").set_input_files(tmp_path / "tree.json")
    seat.page.wait_for_url(lambda url: url != before)
    seat.has("Bring me back.")


def test_two_tabs_on_one_draft_show_both_and_lose_nothing(sit: Sit, client: Client) -> None:
    seat = sit("One.", complaints=[])  # a browser tells of each 409
    other = tab(seat.page.context, seat.page.url, [])
    other.write(" Theirs.")
    other.is_saved()
    seat.has("One. Theirs.")  # told
    seat.page.route("**/api/watch", lambda route: route.abort())
    seat.page.reload()
    seat.is_ready()
    other.write(" More of theirs.")
    other.is_saved()
    seat.write(" Mine.")
    dialog = seat.page.get_by_role("dialog", name="Two tabs wrote here")
    expect(dialog).to_contain_text("One. Theirs. Mine.")
    expect(dialog).to_contain_text("One. Theirs. More of theirs.")
    seat.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Go on with the other’s").click()
    seat.has("One. Theirs. More of theirs.")
    found = [client.call("text", draft=draft_of(seat), node=node["id"])["text"] for node in nodes(client, seat)]
    assert "One. Theirs. Mine." in found


def test_words_wait_in_the_browser_while_the_desk_is_away_and_are_there_after_a_reload(sit: Sit) -> None:
    seat = sit("One.", complaints=[])
    seat.page.route("**/api/*", lambda route: route.abort())
    seat.write(" Two.")
    expect(seat.page.locator(".link")).to_have_text("the desk is away; your text is safe here")
    seat.press("Enter")
    seat.page.keyboard.type("Three.")
    seat.page.unroute("**/api/*")
    seat.page.reload()
    seat.is_ready()
    seat.has("One. Two.\nThree.")


def test_what_is_pasted_is_plain_text_and_characters_of_all_kinds_stay_whole(sit: Sit) -> None:
    seat = sit("")
    seat.text.focus()
    seat.page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/html", "<b onclick=alert(1)>bold</b>");
            data.setData("text/plain", "<b>🙂é“漢\\r\\n</b>");
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    seat.page.keyboard.insert_text("<i>🙂é“漢")
    seat.is_saved()
    assert seat.page.locator(".text b, .text i").count() == 0
    assert "🙂é“漢" in seat.says()
    before = seat.says()
    seat.generate()
    seat.offers.first.focus()
    seat.press("Enter")
    seat.differs(before)
    seat.is_saved()
    assert seat.says().startswith(before)
    seat.text.focus()
    seat.press("Control+End", "Enter", "Enter", "a", "Backspace", "Backspace")
    seat.is_saved()
    assert seat.says().endswith("\n")


def test_axe_finds_nothing_by_day_and_by_night_with_each_panel_and_dialog_open(sit: Sit, node_modules: Path) -> None:
    seat = sit(viewport={"width": 820, "height": 1180})

    def is_fit(shown: str) -> None:
        for scheme in SCHEMES:
            seat.page.emulate_media(color_scheme=scheme)
            assert violations(seat.page, node_modules) == [], (shown, scheme)

    seat.text.focus()
    seat.press("Control+End")
    seat.generate()
    is_fit("continuations")
    seat.page.get_by_role("button", name="Put away").click()
    for name in PANELS:
        panel = seat.panel(name)
        if name == "Tokens":
            seat.tokens()
            panel.get_by_label("fresh", exact=True).check()
            expect(seat.text.locator(".run.p1, .run.p2, .run.p3, .run.p4, .run.p5").first).to_be_visible()
        expect(panel.locator(".side-body")).not_to_contain_text("Asking")
        is_fit(name)
    for letter in ("?", "d"):
        seat.press("Control+k")
        if letter == "d":
            seat.press("d")
        seat.page.get_by_role("dialog").wait_for()
        is_fit(letter)
        seat.press("Escape")


def test_nothing_runs_over_the_edge_at_any_width(sit: Sit) -> None:
    seat = sit()
    seat.text.focus()
    seat.press("Control+End")
    seat.generate()
    for name in PANELS:
        seat.panel(name)
        for width in (390, 820, 1280):
            seat.page.set_viewport_size({"width": width, "height": 800})
            wide = seat.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], (name, width)
            assert seat.text.is_visible()
            assert seat.page.get_by_role("button", name="Generate").is_visible()


def test_colours_follow_the_system_or_the_writer_and_a_style_sheet_of_ones_own(sit: Sit, running: Running) -> None:
    seat = sit(color_scheme="dark")
    paper = "getComputedStyle(document.getElementById('desk')).backgroundColor"
    night = seat.page.evaluate(paper)
    seat.command(".")
    day = seat.page.evaluate(paper)
    assert day != night
    (running.desk.folder / "custom.css").write_text(".desk { --paper: rgb(1, 2, 3) !important; }")
    seat.page.reload()
    seat.is_ready()
    assert seat.page.evaluate(paper) == "rgb(1, 2, 3)"
    (running.desk.folder / "custom.css").unlink()
