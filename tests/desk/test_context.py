"""What the model will see: the share rule, the note, memory and entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from verbosify.desk.context import Context, build
from verbosify.desk.steering import DEFAULTS, with_changes


class Bytes:
    """Every byte is a token: what is cut where can be read."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, token_ids: Sequence[int]) -> str:
        return bytes(token_ids).decode(errors="replace")


def seen(text: str, **steering: Any) -> Context:
    return build(text, with_changes(DEFAULTS, steering), Bytes(), 8192)  # type: ignore[arg-type]


def pieces(context: Context) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in context.parts]


def test_the_share_rule_gives_738_tokens_to_the_text_and_246_to_the_memory() -> None:
    context = seen("t" * 5000, memory="m" * 5000)

    assert context.room == {"context": 1024, "length": 40, "text": 738, "memory": 246}
    assert {part.kind: len(part.token_ids) for part in context.parts} == {"memory": 246, "text": 738}
    assert context.dropped == {"text": 5000 - 738, "memory": 5001 - 246}


def test_what_the_memory_does_not_use_goes_to_the_text() -> None:
    context = seen("t" * 5000, memory="m" * 9)

    assert {part.kind: len(part.token_ids) for part in context.parts} == {"memory": 10, "text": 974}


def test_the_oldest_of_the_memory_is_dropped_and_the_text_keeps_its_end() -> None:
    context = seen("abcdefgh" * 200, memory="old " * 200 + "new", context=104, share=0.5)

    (_, memory), (_, text) = pieces(context)
    assert memory.endswith("old new\n")
    assert len(memory) == 32
    assert text.endswith("abcdefgh")
    assert len(text) == 32


def test_without_memory_the_model_sees_the_text_alone() -> None:
    assert pieces(seen("The ferry leaves. ")) == [("text", "The ferry leaves. ")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (1, [("text", "one\ntwo\nthree\n"), ("note", "N\n"), ("text", "four")]),
        (2, [("text", "one\ntwo\n"), ("note", "N\n"), ("text", "three\nfour")]),
        (9, [("note", "N\n"), ("text", "one\ntwo\nthree\nfour")]),
    ],
)
def test_a_note_stands_so_many_lines_back(lines: int, expected: list[tuple[str, str]]) -> None:
    assert pieces(seen("one\ntwo\nthree\nfour", note="N", note_lines=lines)) == expected


def test_a_line_break_at_the_end_is_no_line_of_its_own() -> None:
    assert pieces(seen("one\ntwo\n", note="N", note_lines=1)) == [("text", "one\n"), ("note", "N\n"), ("text", "two\n")]


def test_a_note_is_kept_where_the_lines_behind_it_fill_the_context() -> None:
    context = seen("x" * 500 + "\n" + "y" * 500, note="N", note_lines=1, context=140)

    assert pieces(context) == [("note", "N\n"), ("text", "y" * 98)]


def test_an_empty_note_inserts_nothing_and_a_trailing_newline_stays() -> None:
    """A defect of mimitext: an empty note still inserted a blank line, and the newline at the end of the text was lost."""
    text = "one\ntwo\nthree\n"

    for note in ("", "  \n"):
        assert pieces(seen(text, note=note)) == [("text", text)]
    assert seen(text, note="N").parts[-1].text.endswith("three\n")


def test_an_entry_comes_in_where_its_keyword_is_read() -> None:
    entry = {"keys": ["Ruth", "the ferry"], "text": "Ruth is the baker.", "enabled": True}

    def kinds(text: str, **changes: Any) -> list[str]:
        return [part.kind for part in seen(text, entries=[{**entry, **changes}]).parts]

    assert kinds("Then RUTH came.") == ["entry", "text"]
    assert kinds("They took The Ferry.") == ["entry", "text"]
    assert kinds("The truth came out.") == ["text"]
    assert kinds("Then Ruth came.", enabled=False) == ["text"]
    assert kinds("Then Ruth came.", keys=[" "]) == ["text"]
    assert kinds("Ruth. " + "x" * 2000) == ["text"]  # what the model does not read calls for nothing


def test_a_text_is_not_cut_within_a_character() -> None:
    context = seen("🙂" * 100, context=61, settings={"length": 40})

    assert pieces(context) == [("text", "🙂" * 5)]


def test_a_context_is_told_whole() -> None:
    told = seen("Text.", memory="Memory.").told()

    assert told["parts"] == [
        {"kind": "memory", "text": "Memory.\n", "tokens": 8},
        {"kind": "text", "text": "Text.", "tokens": 5},
    ]
    assert told["tokens"] == 13


def test_a_model_with_a_short_context_is_given_no_more() -> None:
    context = build("t" * 500, DEFAULTS, Bytes(), 64)

    assert len(context.token_ids) == 24
