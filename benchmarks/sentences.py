"""Which sentence splitter is the default, and why: `python -m benchmarks.sentences`.

Every case in `sentence_cases.json` is prose of our own, given as the sentences an editor would see in it.
A boundary is the end of a sentence that has another after it. Precision is the share of found boundaries
that are right, recall the share of right ones that are found, over all cases together and by kind. Each library
is measured as it is, and with `verbosify.essay.sentences.repaired` around it. Cases that are `held_out` were
written after the rules were, and first looked at by running them.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from pathlib import Path

from nupunkt import sent_spans
from punkt import tokenizer_for
from sentencex import get_sentence_boundaries

from verbosify.essay.sentences import (
    DEFAULT_SPLITTER,
    SPLITTERS,
    Boundaries,
    Span,
    repaired,
    spans_between,
    split_sentences,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pysbd writes its regular expressions without raw strings
    from pysbd import Segmenter
    from pysbd.languages import LANGUAGE_CODES

CASES = Path(__file__).with_name("sentence_cases.json")
Splitter = Callable[[str], list[Span]]
KINDS = (
    "dialogue", "enumerations", "citations", "missing spaces", "abbreviations at an end", "numerals", "brackets",
)  # fmt: skip
"""Kinds of case that there are many of, in English, German, French and Spanish."""


@dataclass(frozen=True, slots=True)
class Case:
    """A paragraph and the offsets at which its sentences end, the last one left out."""

    topic: str
    text: str
    boundaries: frozenset[int]
    language: str = "en"
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over all cases, and the texts that went wrong."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    failures: tuple[str, ...] = ()

    def __add__(self, other: Score) -> Score:
        counts = (self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)
        return Score(*counts, self.failures + other.failures)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def load_cases() -> list[Case]:
    """The cases of `sentence_cases.json`.

    Sentences are joined by a space unless the case has its own `joint`; one is `marked` instead where joints differ:
    a bar stands at the end of each sentence but the last.
    """
    cases = []
    for entry in json.loads(CASES.read_text(encoding="utf-8")):
        sentences, joint = entry.get("sentences"), entry.get("joint", " ")
        parts = entry["marked"].split("|") if sentences is None else [sentences[0], *(joint + s for s in sentences[1:])]
        ends = accumulate(len(part) for part in parts[:-1])
        told = (entry.get("language", "en"), entry.get("held_out", False))
        cases.append(Case(entry["topic"], "".join(parts), frozenset(ends), *told))
    return cases


def score_of(split: Splitter, case: Case) -> Score:
    """How often `split` agrees with the editor about one case."""
    spans = split(case.text)
    found = {end for _, end in spans[:-1]}
    said = f"{case.topic}: " + " | ".join(case.text[start:end] for start, end in spans)
    failures = () if found == case.boundaries else (said,)
    return Score(len(found & case.boundaries), len(found - case.boundaries), len(case.boundaries - found), failures)


def measure(split: Splitter, cases: Iterable[Case]) -> Score:
    """How often `split` agrees with the editor."""
    return sum((score_of(split, case) for case in cases), Score())


def _sentencex(text: str, language: str) -> list[int]:
    return [boundary["end_index"] for boundary in get_sentence_boundaries(language, text)]


@cache
def _pysbd_segmenter(language: str) -> Segmenter:
    return Segmenter(language=language if language in LANGUAGE_CODES else "en", clean=False, char_span=True)


def _pysbd(text: str, language: str) -> list[int]:
    return [span.end for span in _pysbd_segmenter(language).segment(text)]


def _nupunkt(text: str, _language: str) -> list[int]:
    return [end for _, end in sent_spans(text)]


def _punkt(text: str, _language: str) -> list[int]:
    return [end for _, end in tokenizer_for("english").span_tokenize(text)]


LIBRARIES: dict[str, Boundaries] = {"sentencex": _sentencex, "pysbd": _pysbd, "nupunkt": _nupunkt, "punkt": _punkt}


def _as_it_is(find: Boundaries, text: str) -> list[tuple[int, int]]:
    return spans_between(text, find(text, "en"))


def _repaired(find: Boundaries, text: str) -> list[tuple[int, int]]:
    return repaired(text, find)


def _is_of(kind: str, case: Case) -> bool:
    return case.topic == kind


def compared_splitters() -> dict[str, Splitter]:
    """Every library as it is (told English), with our repairs, and what `SPLITTERS` offers."""
    table: dict[str, Splitter] = {}
    for name, boundaries in LIBRARIES.items():
        table[f"{name}, as it is"] = partial(_as_it_is, boundaries)
        if name not in SPLITTERS:
            table[f"{name}, repaired"] = partial(_repaired, boundaries)
    return table | {name: partial(split_sentences, splitter=name) for name in SPLITTERS}


def main() -> None:
    cases = load_cases()
    scores = {name: [score_of(split, case) for case in cases] for name, split in compared_splitters().items()}
    _print_table("all", cases, scores, lambda _: True)
    if "--failures" in sys.argv:
        for name, found in scores.items():
            print(name, *(f"    {failure}" for score in found for failure in score.failures), sep="\n")
    for kind in KINDS:
        _print_table(kind, cases, scores, partial(_is_of, kind))
    _print_table("held out", cases, scores, lambda case: case.held_out)


def _print_table(
    kind: str, cases: list[Case], scores: Mapping[str, list[Score]], belongs: Callable[[Case], bool]
) -> None:
    chosen = [case for case in cases if belongs(case)]
    languages = ", ".join(f"{count} {code}" for code, count in Counter(case.language for case in chosen).most_common())
    print(f"\n{kind}: {len(chosen)} cases ({languages}), {sum(len(case.boundaries) for case in chosen)} boundaries")
    print(f"{'splitter':24}{'precision':>10}{'recall':>8}{'wrong':>7}{'missed':>8}")
    for name, found in scores.items():
        score = sum((part for part, case in zip(found, cases, strict=True) if belongs(case)), Score())
        mark = "  <- default" if name == DEFAULT_SPLITTER else ""
        print(f"{name:24}{score.precision:10.3f}{score.recall:8.3f}{score.wrong:7}{score.missed:8}{mark}")


if __name__ == "__main__":
    main()
