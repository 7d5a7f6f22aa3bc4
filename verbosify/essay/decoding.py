"""The characters of an essay that is a text file. Knows nothing of what they say, but for markup of another kind."""

from __future__ import annotations

import re

from verbosify.errors import EssayError, TextError
from verbosify.text_decoding import decoded_text, of_another_kind

_ACCEPTED = "an essay ends in .md, .txt or .docx"
_SUFFIXES = (".docx", ".md", ".txt")

_MARKUP = (
    (r"<!doctype\s+html|<html\b|<head\b[^>]*>|<body\b|<!--[^>]*-->\s*<(?:!doctype|html)\b", "HTML"),
    (r"<\?xml\b", "XML"),
    (r"\\documentclass\b|\\documentstyle\b", "LaTeX"),
    (r"\{\\rtf", "RTF"),
    (r"MIME-Version:|Content-Type:\s*multipart/|From: <Saved by", "a saved web page or mail (MIME)"),
)
_TAG = (
    r"(?:p|div|span|h[1-6]|title|style|table|article|section|center|font|ul|ol|dl|b|i|u|em|strong|a|blockquote|header|main"
    r"|nav|pre|form|svg|link|script)"
)
_HTML_FRAGMENT = re.compile(rf"<(?:meta|{_TAG})\b[^<>]*>", re.IGNORECASE)
_CLOSING_TAG = re.compile(rf"</{_TAG}>", re.IGNORECASE)
_LOOKED_AT = 4096  # characters of the beginning


def decoded(source: bytes, name: str, *, markdown: bool) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file without a byte order mark, and what its reader should be told.

    Raises:
        EssayError: it is a file of another kind, or in no encoding that can be told.
    """
    try:
        text, notices = decoded_text(source, name, _ACCEPTED, _SUFFIXES)
    except TextError as error:
        raise EssayError(str(error)) from error
    _refuse_markup(text, name, markdown=markdown)
    return text, notices


def _refuse_markup(text: str, name: str, *, markdown: bool) -> None:
    beginning = text[:_LOOKED_AT].lstrip("\ufeff \t\r\n")
    for pattern, kind in _MARKUP:
        if re.match(pattern, beginning, re.IGNORECASE):
            raise EssayError(of_another_kind(name, kind, _SUFFIXES))
    if not markdown and _HTML_FRAGMENT.match(beginning) and _CLOSING_TAG.search(text):
        raise EssayError(of_another_kind(name, "HTML", _SUFFIXES))
