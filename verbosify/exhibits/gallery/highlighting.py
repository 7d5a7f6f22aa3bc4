"""Python as a page shows it: tokens with their kinds, never run. Knows no page."""

from __future__ import annotations

from functools import cache
from typing import Any

_KINDS = (
    ("Comment", "c"),
    ("Keyword", "k"),
    ("Literal.String", "s"),
    ("Literal.Number", "n"),
    ("Name.Class", "f"),
    ("Name.Function", "f"),
    ("Name.Builtin", "b"),
)
"""pygments' kinds of token, and the classes that our style sheet knows."""


def highlighted(code: str) -> list[tuple[str, str]]:
    """The code in pieces that join to it, each with its class, or "" for none."""
    pieces: list[tuple[str, str]] = []
    for _, kind, text in _lexer().get_tokens_unprocessed(code):
        name = next((mark for prefix, mark in _KINDS if str(kind).startswith(f"Token.{prefix}")), "")
        if pieces and pieces[-1][0] == name:
            pieces[-1] = (name, pieces[-1][1] + text)
        else:
            pieces.append((name, text))
    return pieces


@cache
def _lexer() -> Any:
    from pygments.lexers.python import PythonLexer

    return PythonLexer()
