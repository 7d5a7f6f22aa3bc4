"""Whether a sample stops where a sentence ends. Knows punctuation, not grammar."""

from __future__ import annotations

import re
import unicodedata

# Sentence-final marks: Latin, Greek, Arabic, Devanagari, Armenian, Ethiopic, Burmese, Khmer, Mongolian, East Asian.
FINAL_MARKS = frozenset(".!?…‽⸮‼⁇⁈⁉\u037e؟۔।॥։።፧፨။៕᠃᠉。！？．｡")
# Final and initial quotes (some languages close with the latter), closing brackets, emoji, marks and spaces.
_CLOSING_KINDS = frozenset(("Pf", "Pi", "Pe", "So", "Sk", "Mn", "Me", "Cf", "Cc", "Zs", "Zl", "Zp"))
_CLOSING_MARKS = frozenset("\"'*_")
_GREEK_QUESTION = re.compile("[\u0370-\u03ff\u1f00-\u1fff];\\Z")
_CITATION_LENGTH = 6  # "[1234]"


def ends_sentence(text: str) -> bool:
    """Whether `text` ends with sentence-final punctuation; an ellipsis counts.

    What may follow that punctuation is looked through: closing quotes and brackets, emphasis marks,
    emoji, spaces, and numbered citations such as "[12]".
    """
    end = len(text)
    while end and not (text[end - 1] in FINAL_MARKS or _GREEK_QUESTION.search(text, max(0, end - 2), end)):
        citation = _citation_start(text, end)
        if citation is not None:
            end = citation
        elif text[end - 1] in _CLOSING_MARKS or unicodedata.category(text[end - 1]) in _CLOSING_KINDS:
            end -= 1
        else:
            return False
    return end > 0


def _citation_start(text: str, end: int) -> int | None:
    start = text.rfind("[", max(0, end - _CITATION_LENGTH), end)
    return start if start >= 0 and text[end - 1] == "]" and text[start + 1 : end - 1].isdecimal() else None
