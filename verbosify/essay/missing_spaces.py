"""Sentences run together without a space between them: `The dog barked.The cat slept.` Knows words, not grammar.

A full stop inside `node.js`, `example.com`, `3.5`, `U.S.Army` or `report.Final.docx` is none; what tells is how the
word before it and the word after it are written.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from verbosify.essay.abbreviations import leads_on, opens_sentence
from verbosify.essay.adornments import CLOSER

_JOINT = re.compile(
    rf"""
    (?: (?<=\S) | (?<=\w[ \u00a0\u202f]) )
    (?P<stop> (?<![.!?…])[.!?…]+ | [।؟] ) (?P<closers> (?:{CLOSER} | [)\]])* )
    (?= [“‘„«¿¡("]* [^\W\d_] )
  | [.!?…] (?=[¿¡])
    """,
    re.VERBOSE,
)
_LONGEST = 60  # characters of what stands between two spaces
_BEFORE = re.compile(rf"\S{{0,{_LONGEST}}}[ \u00a0\u202f]?\Z")
_AFTER = re.compile(rf"\S{{0,{_LONGEST}}}")
_WORD = re.compile(r"[“‘„«¿¡(\"]*([^\W\d_]+(?:['’][^\W\d_]+)*)")
_LAST_WORD = re.compile(r"[^\W_]+\Z")
_MACHINE = re.compile(r"://|[@/\\_=`#&{}<>]|\w\(|www\.", re.IGNORECASE)
_ENDS_WORD = re.compile(r"\Z|\s|['’][sd]\b|[,;:!?…—)”»]|\.(?![a-z\d])")
_ENDINGS = (
    "com org net edu gov io ai js py ts md txt pdf doc docx csv json html htm css exe jpg png cfg ini xml yml toml zip"
)
_PREFIXES = (
    "torch numpy pandas java javax org com net sys std math self this react vue node console window document system "
    "app api www mail docs maps img lib src test asp ado"
)
_MACHINES_WORDS = {name: frozenset(words.split()) for name, words in (("ending", _ENDINGS), ("prefix", _PREFIXES))}


def missing_spaces(text: str, language: str) -> set[int]:
    """Offsets at which a sentence ends, and the next begins without a space between."""
    quotes = [match.start() for match in re.finditer('"', text)]
    ends = set()
    for joint in _JOINT.finditer(text):
        end, closers = joint.end(), joint["closers"] or ""
        if (text[end] == '"' and bisect_left(quotes, end) % 2) or (text[end] == "“" and "„" in text):
            end, closers = end + 1, text[end]  # it closes this sentence, and does not open the next
        before = _BEFORE.search(text, max(0, joint.start() - _LONGEST), joint.start())
        after = _AFTER.match(text, end)
        if before and after and _is_missing(before[0], joint["stop"] or "", closers, after[0], language):
            ends.add(end)
    return ends


def _is_missing(before: str, stops: str, closers: str, after: str, language: str) -> bool:
    if _MACHINE.search(before) or _MACHINE.search(after.partition("(")[0]):
        return False
    if after[:1] in {"¿", "¡"} or stops in {"।", "؟"}:
        return True
    word = _WORD.match(after)
    begins = word is not None and word[1][0].isupper() and _ENDS_WORD.match(after, word.end()) is not None
    if word is None or not begins or not (before.isspace() or any(map(str.isalnum, before))):
        return False
    if closers or stops[0] in "!?":
        return True
    opens = opens_sentence(after, language)
    if stops != "." or before.isspace():
        return opens and (stops == "." or word[1] != "I")
    return word[1].lower() not in _MACHINES_WORDS["ending"] and _ends(before, word[1], opens=opens)


def _ends(before: str, word: str, *, opens: bool) -> bool:
    """Whether the full stop after `before` ends a sentence, if `word` follows, which `opens` one or may be a name."""
    last = _LAST_WORD.search(before)
    if last is None:
        return before[-1:] in {")", "]", "”", "»", "’", "%", "°"}
    if leads_on(f"{before}."):
        return False
    if opens:
        return len(last[0]) > 1 or not last[0].isalpha() or "." in before
    if len(last[0]) < 3 or len(word) < 2 or last[0] in _MACHINES_WORDS["prefix"]:
        return False
    if before[: last.start()].endswith(("?", "!", ".")):
        return True  # Hello!How are you?Fine.Thanks.
    return last[0].islower() and "." not in before
