"""The DOM kit in a browser: only what differs is touched, and what has the focus keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from verbosify.web import WEB

Run = Callable[[str], Any]


@pytest.fixture
def run(browser: Browser) -> Iterator[Run]:
    """Runs a few lines in an empty page, with the kit and an element `box` at hand; returns what they return."""
    page = browser.new_page()
    kit = json.dumps((WEB / "js" / "kit.js").read_text())
    load = f'await import(URL.createObjectURL(new Blob([{kit}], {{ type: "text/javascript" }})))'
    yield lambda code: page.evaluate(
        f"""async () => {{
            const {{ h, build, patch }} = {load};
            document.body.innerHTML = "<div></div>";
            const box = document.body.firstChild;
            {code}
        }}"""
    )
    page.close()


def test_what_is_wanted_is_built(run: Run) -> None:
    assert (
        run(
            """patch(box, "one", h("p", { id: "a", hidden: true, title: null, class: false, "data-n": 2 },
               [h("b", {}, 3), [" and ", null]], undefined, false, "<i>"));
           return box.innerHTML;"""
        )
        == 'one<p id="a" hidden="" data-n="2"><b>3</b> and &lt;i&gt;</p>'
    )


def test_what_stays_is_the_same_element_and_what_differs_is_changed(run: Run) -> None:
    assert run(
        """patch(box, h("p", { class: "a", title: "b" }, "old ", h("i", {}, "x")));
           const before = [box.firstChild, box.firstChild.lastChild];
           patch(box, h("p", { class: "c" }, "new ", h("i", {}, "y")), h("p"));
           return [before[0] === box.firstChild, before[1] === box.firstChild.lastChild, box.innerHTML];"""
    ) == [True, True, '<p class="c">new <i>y</i></p><p></p>']


def test_elements_with_keys_move_and_keep_their_focus(run: Run) -> None:
    assert run(
        """const rows = (...keys) => keys.map((key) => h("button", { key }, `button ${key}`));
           patch(box, rows(1, 2, 3));
           const third = box.lastChild;
           third.focus();
           patch(box, rows(3, 4, 2));
           return [third === box.firstChild, document.activeElement === third, box.textContent];"""
    ) == [True, True, "button 3button 4button 2"]


def test_an_element_of_another_key_or_tag_or_not_made_here_is_a_new_one(run: Run) -> None:
    assert run(
        """box.append(document.createElement("p"));
           const foreign = box.firstChild;
           patch(box, h("p", { key: "a" }));
           const first = box.firstChild;
           patch(box, h("p", { key: "b" }));
           const second = box.firstChild;
           patch(box, h("div", { key: "b" }));
           return [foreign === first, first === second, box.innerHTML];"""
    ) == [False, False, "<div></div>"]


def test_listeners_are_those_last_wanted_and_are_called_once(run: Run) -> None:
    assert run(
        """const said = [];
           for (const number of [1, 2]) patch(box, h("button", { click: () => said.push(number) }));
           box.firstChild.click();
           patch(box, h("button"));
           box.firstChild.click();
           return said;"""
    ) == [2]


def test_what_a_person_changed_in_a_control_is_put_right(run: Run) -> None:
    assert run(
        """const form = (checked, value, chosen) => [
               h("input", { type: "checkbox", checked }), h("input", { value }),
               h("select", { value: chosen }, ["a", "b"].map((value) => h("option", { value }, value)))];
           patch(box, form(false, "one", "b"));
           const [tick, field, select] = box.children;
           const first = [tick.checked, field.value, select.value];
           tick.checked = true; field.value = "typed"; select.value = "a";
           patch(box, form(false, "one", "b"));
           return [first, [tick.checked, field.value, select.value]];"""
    ) == [[False, "one", "b"], [False, "one", "b"]]


def test_what_nothing_is_said_of_is_left_as_it_is(run: Run) -> None:
    assert run(
        """const parts = (text) => [h("details", {}, h("summary", {}, text)), h("input")];
           patch(box, parts("one"));
           box.firstChild.open = true; box.lastChild.value = "typed";
           patch(box, parts("two"));
           return [box.firstChild.open, box.lastChild.value, box.textContent];"""
    ) == [True, "typed", "two"]


def test_a_variable_of_the_style_is_set_changed_and_taken_away(run: Run) -> None:
    assert run(
        """const said = ["0.5", 2, null].map((value) => {
               patch(box, h("i", { "--share": value }));
               return box.firstChild.style.getPropertyValue("--share");
           });
           return said;"""
    ) == ["0.5", "2", ""]
