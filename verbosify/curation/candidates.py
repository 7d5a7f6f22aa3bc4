"""A sample trimmed to whole sentences: the runs of it that could stand in the essay.

A run may begin after the sample's first sentence only if its own first sentence does not lean on what was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from verbosify.curation.english import is_reversal, leans
from verbosify.curation.prose import (
    Mentions,
    Voice,
    alike,
    blemishes,
    clauses_open_alike,
    content_of,
    inventions,
    sentence_key,
    unfit,
)
from verbosify.measures import Opinion
from verbosify.measures.copying import copied_share, longest_copied_run
from verbosify.words import in_characters, ngrams, word_texts

MOST_COPIED = 7
"""Words in a row a candidate may share with its passage; eight are a copy. Where characters are words, as in all
bounds here, as many characters as say as much."""
MOST_COPIED_SHARE = 0.3
MOST_ECHOED = 0.45
"""Of its words two by two: what shares more with its passage says it again, in another order."""
LEAST_CLOSENESS = 0.3
"""What is farther from its passage is nothing for a close reading."""
MOST_WORDS = 90
"""The longest sentence group the art project's author chose had 90 words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters `start` to `end` of sample `sample`, as they could follow a passage.

    Attributes:
        text: that stretch exactly.
        sentences: its sentences, each as its words joined by spaces, for comparing.
        words: how many words it has.
        closeness: mean cosine of its sentences with the passage, weighted by their words, -1 to 1.
        invents: it names numbers or people and places that the essay does not.
        reverses: it opens by turning against the passage, as far as that can be told: in English.
        blemishes: what has a price: see `prose.blemishes`; and `same beginnings`, if two of its clauses open alike, and
            `echo`, if it says the passage again in another order.
        new_words: its longer words that the essay does not use.
        opinion: what the fresh model thinks of it in its place; None where it was not asked.
    """

    sample: int
    start: int
    end: int
    text: str
    sentences: tuple[str, ...]
    words: int
    closeness: float
    invents: bool
    reverses: bool
    blemishes: frozenset[str] = frozenset()
    new_words: frozenset[str] = frozenset()
    opinion: Opinion | None = None

    @property
    def place(self) -> tuple[int, int, int]:
        """Its sample, and where it begins and ends there: no other candidate has the same."""
        return self.sample, self.start, self.end

    @property
    def is_plain(self) -> bool:
        """It neither makes facts up nor turns against the essay: fit for a reading that keeps the meaning."""
        return not (self.invents or self.reverses)

    @property
    def is_usable(self) -> bool:
        """A close reading could take it, at no price: it is plain, without blemish, and close enough."""
        return self.is_plain and not self.blemishes and self.closeness >= LEAST_CLOSENESS


def candidates(
    sample: int,
    text: str,
    spans: Sequence[tuple[int, int]],
    similarities: Sequence[float],
    *,
    passage: str,
    mentions: Mentions,
    voice: Voice,
) -> list[Candidate]:
    """The candidates of one sample: every run of whole sentences of its first paragraph that is fit.

    Args:
        sample: the sample's id.
        text: its raw text.
        spans: its sentences as characters of `text`, in order.
        similarities: the cosine of each with the passage.
        passage: what it continues, as plain text.
        mentions: what the essay says, to tell what is made up or said before.
        voice: what the essay allows itself.
    """
    sentences = [
        _Sentence.of(text, start, end, similarity=similarity, voice=voice, mentions=mentions, passage=passage)
        for (start, end), similarity in zip(spans[: _first_paragraph(text, spans)], similarities, strict=False)
    ]
    found, passage_words = [], word_texts(passage)
    for first, opening in enumerate(sentences):
        if opening.fault or (first and opening.leans):
            continue
        for last in range(first, len(sentences)):
            run = sentences[first : last + 1]
            kept = text[opening.start : run[-1].end]
            words = word_texts(kept)
            if run[-1].fault or _is_lost(kept, words, [sentence.key for sentence in run], passage_words):
                break
            if (copied_share(words, passage_words, in_characters(5, kept)) or 0) <= MOST_COPIED_SHARE:
                found.append(_candidate(sample, kept, words, run, mentions, passage_words))
    return found


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence of a sample, judged by itself."""

    start: int
    end: int
    key: str
    similarity: float
    fault: str | None
    leans: bool
    reverses: bool
    invents: bool
    blemishes: frozenset[str]

    @classmethod
    def of(
        cls, text: str, start: int, end: int, *, similarity: float, voice: Voice, mentions: Mentions, passage: str
    ) -> _Sentence:
        sentence = text[start:end]
        return cls(
            start,
            end,
            key=(key := sentence_key(sentence)),
            similarity=similarity,
            fault=unfit(sentence, voice) or ("said before" if key in mentions.sentences else None),
            leans=voice.is_english and leans(sentence),
            reverses=voice.is_english and is_reversal(sentence),
            invents=bool(inventions(sentence, mentions, passage, voice)),
            blemishes=blemishes(sentence, voice),
        )


def _candidate(
    sample: int,
    kept: str,
    words: Sequence[str],
    run: Sequence[_Sentence],
    mentions: Mentions,
    passage_words: Sequence[str],
) -> Candidate:
    counts = [len(sentence.key.split()) for sentence in run]
    weighted = sum(count * sentence.similarity for count, sentence in zip(counts, run, strict=True))
    return Candidate(
        sample=sample,
        start=run[0].start,
        end=run[-1].end,
        text=kept,
        sentences=tuple(sentence.key for sentence in run),
        words=len(words),
        closeness=weighted / max(sum(counts), 1),
        invents=any(sentence.invents for sentence in run),
        reverses=run[0].reverses,
        blemishes=_blemishes(kept, words, run, passage_words).union(*(sentence.blemishes for sentence in run)),
        new_words=frozenset(
            word for sentence in run for word in sentence.key.split() if len(word) > 3 and word not in mentions.words
        ),
    )


def _blemishes(
    kept: str, words: Sequence[str], run: Sequence[_Sentence], passage_words: Sequence[str]
) -> frozenset[str]:
    """Those of a run as a whole, which no sentence of it tells."""
    echoed = copied_share(words, passage_words, in_characters(2, kept)) or 0
    said = [content_of(sentence.key) for sentence in run]
    found = {
        "same beginnings": clauses_open_alike(kept),
        "echo": echoed > MOST_ECHOED,
        "circular": any(alike(one, other) for one, other in combinations(said, 2)),
    }
    return frozenset(blemish for blemish, holds in found.items() if holds)


def _first_paragraph(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """How many of the sentences end before the first line break: what follows one is often something else."""
    line_end = text.find("\n", spans[0][0]) if spans else 0
    return len(spans) if line_end < 0 else sum(end <= line_end for _, end in spans)


def _is_lost(kept: str, words: Sequence[str], keys: Sequence[str], passage_words: Sequence[str]) -> bool:
    """Whether the run is too long, repeats itself, or copies its passage, which no further sentence could mend."""
    if len(words) > in_characters(MOST_WORDS, kept) or len(set(keys)) < len(keys):
        return True
    fours = list(ngrams(words, in_characters(4, kept)))
    copied = longest_copied_run(words, passage_words)[1]
    return len(set(fours)) < len(fours) or copied > in_characters(MOST_COPIED, kept)
