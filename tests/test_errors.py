"""A failure is told in one line, whatever it has to quote."""

from __future__ import annotations

import pickle

import pytest

from verbosify.errors import PieceError, VerbosifyError


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnol", "\\u202egnol"),
        ("\u2028", "\\u2028"),
        ("\r\n", "\\r\\n"),
        ("“é” 🙂 漢", "“é” 🙂 漢"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_escape(quoted: str, shown: str) -> None:
    assert str(VerbosifyError(f"{quoted} is no name.")) == f"{shown} is no name."


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(PieceError("a\\nb\n")))  # noqa: S301  # our own

    assert type(error) is PieceError
    assert str(error) == "a\\nb\\n"
