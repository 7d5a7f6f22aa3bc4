"""Private notes never get beyond the door."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.essay.notes import without_notes
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.essay.writing import essay_bytes, weave

INLINE = [
    "%%ask Ruth%%", "%% ask Ruth %%", "<!-- ask Ruth -->", "<!--ask Ruth-->", "{>>ask Ruth<<}", "{# ask Ruth #}",
    "{% comment %}ask Ruth{% endcomment %}", "{%- comment -%}ask Ruth{%- endcomment -%}", "{% # ask Ruth %}",
    "{{/* ask Ruth */}}", "{{- /* ask Ruth */ -}}", "{{< comment >}}ask Ruth{{< /comment >}}", "{/* ask Ruth */}", "{::comment}ask Ruth{:/comment}",
    "{{!-- ask Ruth --}}", "{{! ask Ruth }}", r"\begin{comment}ask Ruth\end{comment}", r"\iffalse ask Ruth\fi",
    r"\todo{ask Ruth}", r"\todo[inline]{ask Ruth}", "<!-- ask\nRuth -->", "%%ask\nRuth%%",
]  # fmt: skip
BLOCKS = [
    "%%\nask Ruth\n\nand Tom\n%%", "%% ask Ruth\n\nand Tom %%", "<!--\nask Ruth\n\nand Tom\n-->", "<!-- ask Ruth -->",
    "[//]: # (ask Ruth)", "[comment]: <> (ask Ruth)", '[//]: # "ask Ruth"', "[a note]: # (ask\nRuth)", "[]: # (ask Ruth)",
    "{% comment %}\nask Ruth\n\nand Tom\n{% endcomment %}", "#+BEGIN_COMMENT\nask Ruth\n#+END_COMMENT", "%% ask Ruth",
    "{>>\nask Ruth\n\nand Tom\n<<}", "<!-- ask Ruth", "> <!-- ask Ruth -->", "- a list %%ask Ruth%%", "# Title %%ask Ruth%%",
    "<div>\n<!-- ask Ruth -->\n</div>", "| a | b |\n|---|---|\n| c | <!-- ask Ruth --> |", "<!<!-- -->-- ask Ruth -->",
]  # fmt: skip


@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
@pytest.mark.parametrize("note", INLINE)
def test_a_note_within_a_sentence_leaves_the_sentence(note: str, name: str) -> None:
    essay = essay_from_text(f"We sailed {note} north. It was cold{note}. {note} We slept.\n", name)

    assert essay.text == "We sailed north. It was cold. We slept.\n"
    assert [[sentence.text for sentence in paragraph] for paragraph in essay_sentences(essay)] == [
        ["We sailed north.", "It was cold.", "We slept."]
    ]
    assert essay.notices == ()


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
@pytest.mark.parametrize("note", BLOCKS)
def test_a_note_between_paragraphs_leaves_no_word(note: str, name: str, line_break: str) -> None:
    before, after = (
        f"We sailed north. It was cold.{line_break * 2}",
        f"{line_break * 2}We slept. It was late.{line_break}",
    )
    unclosed = note == "<!-- ask Ruth"
    essay = essay_from_text(before + note.replace("\n", line_break) + after, name)

    for text in (essay.text, essay_bytes(essay).decode(), weave(essay, {essay.blocks[0].end: "Ferries."})):
        assert not {"ask", "Ruth", "Tom"} & set(text.replace("-->", " ").split())
    prose = [essay.text[block.start : block.end] for block in essay.paragraphs]
    assert prose == ["We sailed north. It was cold."] + ([] if unclosed else ["We slept. It was late."])


@pytest.mark.parametrize(
    "text",
    [
        "A share of 5%% in May and 6%% in June.", "We are 100%% sure.", "%%%%%%%%\n\nText.\n\n%%%%%%%%\n", "# Rovers {#rovers}\n",
        "It is {#so .far} away.", "if a < b -- c --> d", "[words][ref]\n\n[ref]: # \"title\"\n", "[ref]: https://a.example (title)\n",
        "{ /a/ } and {#} and {{ page.title }}", "The # of boats.", "50% of it, 20% of that",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_note_stays(text: str) -> None:
    assert without_notes(text, markdown=True) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "Write `<!-- so -->` and ``%% so %%``.", "```html\n<!-- so -->\n```\n", "~~~\n%% so %%\n~~~\n", "```mermaid\n%% so\n```\n",
        "    <!-- so -->\n", r"\<!-- so -->", r"\%%so%% it", "- a\n\n  ```\n  %% so %%\n  ```\n", "```\n<!-- never closed\n",
    ],
)  # fmt: skip
def test_code_and_what_is_escaped_hold_no_notes(text: str) -> None:
    assert without_notes(text, markdown=True) == (text, ())


def test_comments_in_front_matter_are_notes() -> None:
    matter = "---\ntitle: Boats # ask Ruth\n# ask Ruth\ntags: ['#a', b] \nurl: https://a.example/#x\n---\nWe left."

    assert without_notes(matter, markdown=True)[0] == (
        "---\ntitle: Boats\ntags: ['#a', b] \nurl: https://a.example/#x\n---\nWe left."
    )
    assert without_notes("+++\n# ask Ruth\na = 1\n+++\n# We left", markdown=True)[0] == "+++\na = 1\n+++\n# We left"


def test_a_stray_tick_or_fence_hides_no_note() -> None:
    assert without_notes("A ` tick.\n\nWe <!-- x --> left ` here.", markdown=True)[0] == "A ` tick.\n\nWe left ` here."
    assert without_notes("`` <!-- x --> ''", markdown=False)[0] == "`` ''"


def test_a_line_of_its_own_goes_with_its_note() -> None:
    assert without_notes("One\n%% x %%\ntwo.", markdown=True)[0] == "One\ntwo."
    assert without_notes("One.\n<!-- x -->\nTwo.", markdown=True)[0] == "One.\n\nTwo."
    assert without_notes("<!-- x -->One.", markdown=True)[0] == "One."
    assert without_notes("(%%x%% One)", markdown=True)[0] == "(One)"


def test_a_paragraph_that_begins_with_the_mark_may_be_a_note_without_an_end() -> None:
    assert without_notes("%% x\n\nProse.\n\n%% y\n\nMore.", markdown=True) == ("\nProse.\n\n\nMore.", (1, 5))
    assert without_notes("We %%ask Ruth north.\n\nProse.", markdown=True) == ("We\n\nProse.", (1,))
    assert without_notes("A.\n\n%%\nx\n\ny", markdown=True) == ("A.\n\n", (3,))


def test_a_note_that_nothing_ends_is_told_by_its_line() -> None:
    essay = essay_from_text("We left.\n\nIt was <!-- ask Ruth\ncold.\n\nWe slept.\n")

    assert essay.text == "We left.\n\nIt was\n\nWe slept.\n"
    assert essay.notices == (
        "A comment that nothing ends begins on line 3 of essay.md: what follows it is left out, so mark its end.",
    )
    assert "lines 1, 3 of e.md" in essay_from_text("%% x\n\n%% y\n\nWe left.\n", "e.md").notices[0]


@given(st.text(alphabet="a %<!->{}#*/\\`\n", max_size=60))
def test_what_is_left_of_any_text_is_in_it_and_stays(text: str) -> None:
    for markdown in (True, False):
        left, _ = without_notes(text, markdown=markdown)
        rest = iter(text)

        assert all(character in rest for character in left)
        assert without_notes(left, markdown=markdown)[0] == left


@pytest.mark.parametrize(
    "piece", ["a %% b ", "{# a ", "<!-- a ", "%%\n", "%% a\n\n", "<!--a-->", "{>>", "``` ", "[a]: # (b)\n"]
)
def test_reading_takes_time_in_proportion(piece: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        without_notes(piece * count, markdown=True)
        return time.process_time() - started

    seconds(10)

    assert seconds(64_000) < 64 * seconds(4_000) + 0.5  # 16 times the text; by the square it would be 256
