"""What may stand between a sentence's full stop and the next sentence, or around one: marks, quotes, brackets.

Knows characters only. Positions are offsets into the text; everything is linear in its length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

CITATION = (
    r"\[(?:\^[^\]\s]{1,99}|-?@[^\]]{1,299}|\d{1,9}[a-z]?(?:\s?[,;–—-]\s?\d{1,9}[a-z]?){0,99}"
    r"(?:,\s(?:pp?|S|ch|sec|Kap|fig|Abb|cap|chap|págs?)\.?\s?\d[\d,\s–-]{0,20})?)\]"
)
"""A regular expression for a reference in brackets: [1], [2, 3], [4–6], [7, p. 8], [^note], [@key]."""
SUPERSCRIPT = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"
STOP = r"[.!?…。！？｡؟।]"
"""A regular expression for a character that ends a sentence."""
CONTEXT = 40
"""How many characters on either side of a boundary the rules look at."""

_EMOJI = "[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]"
# What may stand between a sentence's full stop and the space after it: notes; the end of a link, a tag, an
# emphasis; closing quotes and brackets.
CLOSER = rf"""
    {CITATION} | \[(?:[a-z]|note\s\d+|citation\sneeded)\] | {SUPERSCRIPT}+ | \(\d+\)
  | \^\w{{1,9}}\^ | \^\[[^\[\]]{{0,800}}\]
  | \]\([^)\s]{{0,2000}}\) | </\w+> | [*_~`]
  | [”’»›\]」』】] | [ \u00a0\u202f]» | ["'“‘«](?!\w)
"""
"""A verbose regular expression for one such thing."""
_AFTER_STOP = re.compile(rf"(?:{CLOSER} | [)）] | {_EMOJI})*", re.VERBOSE)
_NOTE_APART = re.compile(rf"\ (?:{CITATION}|{_EMOJI}+)", re.VERBOSE)
_ADORNMENT = re.compile(
    rf"""
    (?<={STOP}) (?:{CLOSER})+                   # after a full stop
  | (?<!\S) ["'“‘„«*_`~[]+ [\u00a0\u202f]?      # before a word
  | ["“”„«»]
    """,
    re.VERBOSE,
)

# A source in brackets, made of names, years and places in a book alone: (see Oduya et al., 1998, p. 3; Park, 2004b).
_IN_BRACKETS = r"[^()\[\]]{1,200}"
_LEAD = (
    r"see|also|cf|after|from|in|quoted|qtd|cited|as|adapted|source|based|on|emphasis|added|mine|original|italics|my|our"
    r"|translation|trans|vgl|siehe|nach|zit|aus|dazu|voir|cité|citée|par|dans|personal|communication|pers|comm|interview|d[’']après|véase|veáse|ver|citado|cit|por|"
    r"según|cfr|vid|en|press|forthcoming|im|Druck|prensa|presse|paraître|à|prep|draft"
)
_LINK = (
    r"and|und|et|y|e|al|de|del|der|den|des|du|da|di|do|dos|von|van|zu|ter|la|le|los|las|of|the|for|et[ ]al|others|u|a|"
    r"ed|eds|hrsg|dir"
)
_PLACE = (
    r"pp?|S|págs?|ch|chap|vol|vols|no|nos|n|fig|figs|table|eq|sec|sect|abb|tab|kap|bd|cap|ff?|l|ll|v|vv|par|para|col|"
    r"line|lines|note|art|appendix|act|scene|bk|book|part|tome|t|planche|pl|tableau|lámina|lám|tabla|cuadro|tafel|taf|bild"
)
_UNDATED = (
    r"n\.\s?d\.|o\.\s?J\.|s\.\s?f\.|s\.\s?d\.|ib[ií]d\.?|ib\.|ebd\.?|a\.\s?a\.\s?O\.|op\.\s?cit\.?|loc\.\s?cit\.?"
)
_SOURCE = re.compile(
    rf"""
    (?= [“"]?[^\W\d_].*\d | .*\d{{4}} | \d+\s?[-–]\s?\d | .*(?:{_UNDATED}|\bin\spress|forthcoming|im\sDruck|emphasis))
    (?: (?i:{_UNDATED}) | (?i:(?:{_LEAD}|{_PLACE})\b) | (?:{_LINK})\b
      | [^\W\d_a-z][\w'’-]* | \d+(?:[.:]\d+)*[a-z]?\b | “[^”]*” | "[^"]*"
      | [\s,;:&/–—.§=+-] )++  # possessive: what is no source is told in one go
    """,
    re.VERBOSE | re.DOTALL,
)
_NAME_ALONE = re.compile(r"[^\W\d_a-z][\w'’-]+(?:,?\s(?:and|&|und|et|y|et al\.?|[^\W\d_a-z][\w'’-]+)){0,4}")
_BRACKETED = re.compile(rf"[ \u00a0]?(?:\(({_IN_BRACKETS})\)|\[({_IN_BRACKETS})\])\.?")
_MOST_SOURCES = 5  # after one sentence
_STOPPED = re.compile(rf"{STOP}(?:{CLOSER})*(?=[ \u00a0]?[(\[])", re.VERBOSE)

_GUILLEMET = re.compile("[«»]")
_TYPED_QUOTE = re.compile('(„[^„“”"]{,800})"')
_TURNED = str.maketrans("«»", "»«")
_BRACKET = re.compile(r"(?<![:;=])[()\[\]]")
_ENDS_SENTENCE = re.compile(rf"{STOP}(?:{CLOSER}|\))*\Z", re.VERBOSE)
_LONGEST = 800  # characters of a bracket or a quotation that is taken to be one


def german_quotes_turned(text: str) -> str:
    """`text` with »…« as «…» and „…" as „…“, if that is how it quotes: one way to open and one to close."""
    if "„" in text:
        text = _TYPED_QUOTE.sub(r"\1“", text)
    first = _GUILLEMET.search(text)
    german = first is not None and first[0] == "»" and "«" in text and not text[first.end() : first.end() + 1].isspace()
    return text.translate(_TURNED) if german else text


def without_adornments(text: str) -> tuple[str, Callable[[int], int]]:
    """`text` as a library should see it, and the way from an end in it to an end in `text`."""
    hidden = [match.span() for match in _ADORNMENT.finditer(text)]
    hidden += [(bracket, bracket + 1) for pair in whole_sentence_brackets(text) for bracket in pair]
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


def past_adornments(text: str, end: int) -> int:
    """`end` moved past what adorns the full stop before it: closing marks, notes, a source in brackets."""
    while match := _AFTER_STOP.match(text, end):
        end = match.end()
        cited = _cited_until(text, end)
        if cited is not None:
            return cited
        apart = _NOTE_APART.match(text, end)
        if apart is None or goes_on(text, apart.end()):
            break
        end = apart.end()
    return end


def ends_after_sources(text: str) -> set[int]:
    """Offsets right after a source in brackets that follows a full stop, with or without a space between."""
    ends = (_cited_until(text, stop.end()) for stop in _STOPPED.finditer(text))
    return {end for end in ends if end is not None}


def goes_on(text: str, position: int) -> bool:
    """Whether a sentence runs on at `position`: with a comma, or a word in small letters."""
    rest = text[position : position + CONTEXT].lstrip(" \t\n\r\u00a0\u202f—–-")
    return rest[:1] in {",", ";"} or rest[:1].islower()


def brackets(text: str) -> list[tuple[int, int]]:
    """Where each pair of round or square brackets opens and closes, inner ones first; what is unpaired is left out."""
    pairs: list[tuple[int, int]] = []
    unclosed: dict[str, list[int]] = {"(": [], "[": []}
    for bracket in _BRACKET.finditer(text):
        if bracket[0] in unclosed:
            unclosed[bracket[0]].append(bracket.start())
        elif opened := unclosed["(" if bracket[0] == ")" else "["]:
            start = opened.pop()
            if bracket.start() - start <= _LONGEST:
                pairs.append((start, bracket.start()))
    return pairs


def whole_sentence_brackets(text: str) -> list[tuple[int, int]]:
    """The round `brackets` that hold whole sentences: opened where one starts, closed after a full stop."""
    return [
        (start, end)
        for start, end in brackets(text)
        if text[start] == "("
        and ends_with_stop(text, end)
        and (not text[max(0, start - CONTEXT) : start].strip() or ends_with_stop(text, start))
        and not goes_on(text, end + 1)
    ]


def ends_with_stop(text: str, position: int) -> bool:
    """Whether what stands before `position` ends with a full stop, closing marks aside."""
    return _ENDS_SENTENCE.search(text[max(0, position - CONTEXT) : position].rstrip()) is not None


def is_source(text: str, start: int, end: int) -> bool:
    """Whether the brackets at `start` and `end` hold nothing but a source."""
    return _SOURCE.fullmatch(text, start + 1, end) is not None


def _cited_until(text: str, position: int) -> int | None:
    """Where the sources in brackets end that stand at `position`, a full stop after one included; None without any."""
    until = None
    for _ in range(_MOST_SOURCES):
        match = _BRACKETED.match(text, position)
        if match is None:
            break
        said, dotted = match[1] or match[2], match[0].endswith(".")
        named = _SOURCE.fullmatch(said) or (dotted and _NAME_ALONE.fullmatch(said))
        if not named or (goes_on(text, match.end()) and not dotted):
            break
        until = position = match.end()
        if dotted:
            break
    return until
