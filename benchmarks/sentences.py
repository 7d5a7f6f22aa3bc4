"""Which sentence splitter is the default, and why: `python -m benchmarks.sentences`.

Every case in `sentence_cases.json` is prose of our own, given as the sentences an editor would see in it.
A boundary is the end of a sentence that has another after it. Precision is the share of found boundaries
that are right, recall the share of right ones that are found, over all cases together. Each library is
measured as it is, and with `verbosify.essay.sentences.repaired` around it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nupunkt import sent_spans
from punkt import tokenizer_for
from sentencex import get_sentence_boundaries

from verbosify.essay.sentences import DEFAULT_SPLITTER, SPLITTERS, Boundaries, Span, repaired, spans_between

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pysbd writes its regular expressions without raw strings
    from pysbd import Segmenter
    from pysbd.languages import LANGUAGE_CODES

CASES = Path(__file__).with_name("sentence_cases.json")
Splitter = Callable[[str], list[Span]]


@dataclass(frozen=True, slots=True)
class Case:
    """A paragraph and the offsets at which its sentences end, the last one left out."""

    topic: str
    text: str
    boundaries: frozenset[int]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over all cases, and the texts that went wrong."""

    right: int
    wrong: int
    missed: int
    failures: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def load_cases() -> list[Case]:
    """The cases of `sentence_cases.json`; sentences are joined by a space unless the case has its own `joint`."""
    cases = []
    for entry in json.loads(CASES.read_text(encoding="utf-8")):
        joint = entry.get("joint", " ")
        ends, length = set(), 0
        for sentence in entry["sentences"][:-1]:
            ends.add(length + len(sentence))
            length += len(sentence) + len(joint)
        cases.append(Case(entry["topic"], joint.join(entry["sentences"]), frozenset(ends)))
    return cases


def measure(split: Splitter, cases: list[Case]) -> Score:
    """How often `split` agrees with the editor."""
    right = wrong = missed = 0
    failures = []
    for case in cases:
        spans = split(case.text)
        found = {end for _, end in spans[:-1]}
        right += len(found & case.boundaries)
        wrong += len(found - case.boundaries)
        missed += len(case.boundaries - found)
        if found != case.boundaries:
            failures.append(f"{case.topic}: " + " | ".join(case.text[start:end] for start, end in spans))
    return Score(right, wrong, missed, tuple(failures))


def _sentencex(text: str, language: str) -> list[int]:
    return [boundary["end_index"] for boundary in get_sentence_boundaries(language, text)]


def _pysbd(text: str, language: str) -> list[int]:
    segmenter = Segmenter(language=language if language in LANGUAGE_CODES else "en", clean=False, char_span=True)
    return [span.end for span in segmenter.segment(text)]


def _nupunkt(text: str, _language: str) -> list[int]:
    return [end for _, end in sent_spans(text)]


def _punkt(text: str, _language: str) -> list[int]:
    return [end for _, end in tokenizer_for("english").span_tokenize(text)]


LIBRARIES: dict[str, Boundaries] = {"sentencex": _sentencex, "pysbd": _pysbd, "nupunkt": _nupunkt, "punkt": _punkt}


def candidates() -> dict[str, Splitter]:
    """Every library as it is (told English), with our repairs, and what `SPLITTERS` offers."""
    table: dict[str, Splitter] = {}
    for name, boundaries in LIBRARIES.items():
        table[f"{name}, as it is"] = lambda text, find=boundaries: spans_between(text, find(text, "en"))
        if name not in SPLITTERS:
            table[f"{name}, repaired"] = lambda text, find=boundaries: repaired(text, find)
    return table | SPLITTERS


def main() -> None:
    cases = load_cases()
    print(f"{len(cases)} cases, {sum(len(case.boundaries) for case in cases)} boundaries\n")
    print(f"{'splitter':24}{'precision':>10}{'recall':>8}{'wrong':>7}{'missed':>8}")
    for name, split in candidates().items():
        score = measure(split, cases)
        mark = "  <- default" if name == DEFAULT_SPLITTER else ""
        print(f"{name:24}{score.precision:10.3f}{score.recall:8.3f}{score.wrong:7}{score.missed:8}{mark}")
        if "--failures" in sys.argv:
            print(*(f"    {failure}" for failure in score.failures), sep="\n")


if __name__ == "__main__":
    main()
