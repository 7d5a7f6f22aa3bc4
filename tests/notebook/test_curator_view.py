"""The curator's view in a browser, with the widget behind it: what one is at stays where it is, whatever the kernel says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.chromium import chromium
from verbosify.models.protocol import LanguageModel
from verbosify.notebook.curator import Curator
from verbosify.piece import Piece

TRAITS = ("view", "totals", "choices", "shown", "settings", "advice", "essay", "message", "busy")
VIEW = """async ([esm, css, traits]) => {
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
    const listeners = {};
    const model = {
        get: (name) => traits[name],
        on: (event, listener) => (listeners[event] ??= new Set()).add(listener),
        off: (event, listener) => listeners[event]?.delete(listener),
        send: async (content) => window.take(await window.ask(content)),
    };
    window.take = (next) => {
        const changed = Object.keys(next).filter((name) => JSON.stringify(next[name]) !== JSON.stringify(traits[name]));
        Object.assign(traits, next);
        for (const name of changed) for (const listener of listeners[`change:${name}`] ?? []) listener();
    };
    const widget = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
    widget.default.render({ model, el: document.body });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


Show = Callable[..., Locator]


@pytest.fixture
def show(browser: Browser, piece: Piece) -> Iterator[Show]:
    """Shows a curator of the piece, which hears what the view asks for; fails at the end if the page complained."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def show_one(**options: Any) -> Locator:
        curator = Curator(piece, **options)

        def ask(content: dict[str, Any]) -> dict[str, Any]:
            curator._handle_custom_msg(content, [])
            return {name: getattr(curator, name) for name in TRAITS}

        page.expose_function("ask", ask)
        page.goto("about:blank")
        traits = {name: getattr(curator, name) for name in TRAITS}
        page.evaluate(VIEW, [str(curator._esm), str(curator._css), traits])
        shown = page.locator("section.vb")
        shown.locator("article").first.wait_for()
        return shown

    yield show_one
    page.close()
    assert not complaints


def test_a_button_keeps_the_focus_when_it_comes_to_say_something_else(show: Show) -> None:
    curator = show()
    pick = curator.locator("article").nth(1).get_by_role("button", name="Pick", exact=True)
    pick.focus()
    pick.press("Enter")
    unpick = curator.locator("article").nth(1).get_by_role("button", name="Unpick")
    expect(unpick).to_be_focused()
    unpick.press("Enter")
    expect(pick).to_be_focused()
    pin = curator.locator("article").nth(0).get_by_role("button", name="Pin")
    pin.press("Enter")
    expect(curator.locator("article").nth(0).get_by_role("button", name="Unpin")).to_be_focused()


def test_keys_stay_ours_when_what_had_the_focus_is_gone_or_out_of_use(show: Show) -> None:
    curator = show()
    first = curator.locator("article").first
    first.focus()
    first.press("Enter")
    undo = curator.get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    undo.press("Enter")
    expect(undo).to_be_disabled()
    expect(first).to_be_focused()
    first.press("]")
    expect(curator.locator("h3")).to_have_text("Passage 2 of 4")
    expect(curator.locator("article").first).to_be_focused()


def test_samples_keep_focus_and_place_when_they_are_sorted(show: Show) -> None:
    curator = show()
    last = curator.locator("article").last
    name = last.get_attribute("data-sample")
    last.focus()
    last.press("x")
    last.press("Enter")
    expect(curator.locator(".vb-decision")).to_have_text("1 picked")
    curator.page.evaluate("document.activeElement.id = 'held'")
    curator.get_by_label("Sort samples").evaluate(
        "element => { element.value = 'picked'; element.dispatchEvent(new Event('change')); }"
    )
    expect(curator.locator("article").first).to_have_attribute("data-sample", str(name))
    expect(curator.locator("#held")).to_be_focused()


def test_what_is_typed_outlasts_what_the_kernel_says(show: Show, model: LanguageModel) -> None:
    curator = show(model=model)
    curator.get_by_label("temperature").fill("1.3")
    curator.locator("article").first.get_by_role("button", name="Edit").click()
    editor = curator.get_by_label("Edit sample")
    expect(editor).to_be_focused()
    editor.fill("Half of a sentence")
    curator.get_by_role("button", name="Advise me").click()
    expect(curator.locator(".vb-advice")).to_be_visible()
    expect(editor).to_have_value("Half of a sentence")
    expect(curator.get_by_label("temperature")).to_have_value("1.3")
    editor.fill("")
    editor.press("Control+Enter")
    expect(curator.locator(".vb-status")).not_to_have_text("")
    expect(editor).to_be_visible()  # what was refused is still there to be mended
    editor.fill("A whole sentence.")
    editor.press("Control+Enter")
    expect(curator.locator(".vb-edited")).to_have_text("A whole sentence.")
    expect(editor).to_have_count(0)
    expect(curator.locator("article").first).to_be_focused()


def test_the_reroll_button_keeps_the_focus_while_the_kernel_works(show: Show, model: LanguageModel) -> None:
    curator = show(model=model)
    button = curator.get_by_role("button", name="Reroll")
    button.focus()
    for busy in ("Drawing…", ""):
        curator.page.evaluate("(busy) => window.take({ busy })", busy)
        expect(button).to_have_attribute("aria-disabled", "true") if busy else expect(button).to_be_enabled()
        expect(button).to_be_focused()


def test_the_list_keeps_its_place_in_a_passage_and_begins_anew_in_the_next(show: Show) -> None:
    curator = show()
    samples = curator.locator(".vb-samples")
    samples.evaluate("element => { element.style.maxHeight = '120px'; element.scrollTop = 60; }")
    curator.get_by_role("button", name="None here").click()
    expect(curator.locator(".vb-decision")).to_have_text("none")
    assert samples.evaluate("element => element.scrollTop") == 60
    curator.get_by_role("button", name="Next passage").click()
    expect(curator.locator("h3")).to_have_text("Passage 2 of 4")
    assert samples.evaluate("element => element.scrollTop") == 0


def test_it_breaks_no_rule_of_accessibility_and_stays_within_its_window(
    show: Show, model: LanguageModel, node_modules: Path
) -> None:
    curator = show(model=model)
    curator.locator("article").first.get_by_role("button", name="Pick", exact=True).click()
    expect(curator.locator(".vb-decision")).to_have_text("1 picked")
    curator.locator("article").nth(1).get_by_role("button", name="Edit").click()
    curator.get_by_text("Keys", exact=True).click()
    curator.page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    for width in (390, 820, 1280):
        curator.page.set_viewport_size({"width": width, "height": 900})
        assert curator.page.evaluate("document.documentElement.scrollWidth") <= width
        told = "result.violations.map((rule) => [rule.id, rule.help, rule.nodes[0].html.slice(0, 200)])"
        assert curator.page.evaluate(f"axe.run('section.vb').then((result) => {told})") == []
