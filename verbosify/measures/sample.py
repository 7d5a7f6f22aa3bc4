"""The measures of one sample, and the badges they earn. Knows no model: sentences and similarities are handed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from verbosify.errors import SettingsError
from verbosify.measures.copying import copied_share, longest_copied_run
from verbosify.measures.drift import drift_cut
from verbosify.measures.ending import ends_sentence
from verbosify.measures.fields import Cosine, Count, Flag, Share, read_fields
from verbosify.measures.likeness import bleu, edit_distance
from verbosify.measures.looping import loop_start, repeats, sequence_repetition
from verbosify.measures.opening import opens_by_contradicting
from verbosify.measures.thresholds import THRESHOLDS, Thresholds
from verbosify.words import CHARACTERS_A_WORD, find_words, in_characters, word_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is known of one sample, number by number. There is no overall score.

    Places are character offsets into the sample, as Python counts them (code points).

    Attributes:
        words: how many words the sample has.
        blank: it has neither a letter nor a digit.
        copied_words: the longest run of consecutive words that also stands in the passage.
        copied_start, copied_end: where that run begins and ends; None if no word is shared.
        copied_share: the share of word 5-grams that occur in the passage, 0 to 1; None below 5 words.
        repeated_sentences: how many sentences say again, word for word, what an earlier one said.
        repetition: seq-rep-4, 0 to 1; None below 4 words.
        loop_start: where the sample first says a sentence, or four words in a row, again; None if it never does.
        similarity: the cosine of its embedding and the passage's, -1 to 1; None if not embedded.
        sentence_similarities: the same for each of its sentences, in order; empty if not embedded.
        reversal: it opens by contradicting what came before; None if that was not judged, in another language than
            English.
        cut_off: it ends inside a sentence. A blank sample does not.
        passage_bleu: BLEU-4 against the passage, 0 to 1; None if either has no words.
        passage_edit_distance: word edits from the passage over the longer's words, 0 to 1; None if neither has
            words, or both more than 10,000.
    """

    words: Count
    blank: Flag
    copied_words: Count
    copied_start: Count | None
    copied_end: Count | None
    copied_share: Share | None
    repeated_sentences: Count
    repetition: Share | None
    loop_start: Count | None
    similarity: Cosine | None
    sentence_similarities: tuple[Cosine, ...]
    reversal: Flag | None
    cut_off: Flag
    passage_bleu: Share | None
    passage_edit_distance: Share | None

    def badges(self, thresholds: Thresholds = THRESHOLDS) -> tuple[str, ...]:
        """The badges earned, of `copied`, `looped`, `drifted`, `reversal`, `cut off`, in that order; or `blank` alone.

        A sample that is nothing but words of the passage in a row is `copied` however short it is. Where characters
        count as words, as many of them must be copied as say as much.
        """
        if self.blank:
            return ("blank",)
        earned = {
            "copied": self.copied_words >= min(self._most_copied(thresholds.copied_words), self.words)
            or _above(self.copied_share, thresholds.copied_share),
            "looped": self.repeated_sentences > 0 or _above(self.repetition, thresholds.repetition),
            "drifted": self.similarity is not None and self.similarity < thresholds.similarity,
            "reversal": bool(self.reversal),
            "cut off": self.cut_off,
        }
        return tuple(badge for badge, holds in earned.items() if holds)

    def drift_cut(self, thresholds: Thresholds = THRESHOLDS) -> int | None:
        """The index of the sentence from which the sample wanders; None if it never does, or is not embedded."""
        return drift_cut(self.sentence_similarities, thresholds.sentence_similarity)

    def _most_copied(self, words: int) -> int:
        """As many words, in characters if those that were copied stand too close together to be words with spaces."""
        if self.copied_start is None or self.copied_end is None:
            return words
        unspaced = self.copied_end - self.copied_start < 2 * self.copied_words - 1
        return round(words * CHARACTERS_A_WORD) if unspaced else words

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON: no tuple, no NaN."""
        return asdict(self) | {"sentence_similarities": list(self.sentence_similarities)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Measures:
        """The inverse of `to_dict`; `RecordError` if a field is missing, unknown or out of range."""
        return read_fields(cls, values)


def measure_sample(
    passage: str,
    sample: str,
    sentences: Sequence[str],
    similarity: float | None,
    sentence_similarities: Sequence[float],
    *,
    english: bool = True,
) -> Measures:
    """Everything measured of a `sample` that continues `passage`, in time about linear in the sample's length.

    Args:
        sentences: the sample, sentence by sentence, nothing left out.
        similarity: the cosine of the embeddings of sample and passage, or None if not embedded.
        sentence_similarities: the same for each of `sentences`; or empty if not embedded.
        english: whether it is in English, so that a reversal can be told. What is said again is looked for in runs of
            four words, what is copied in runs of five, or of as many characters as say as much.

    Raises:
        SettingsError: a similarity is not a cosine, or there is not one for each sentence.
    """
    if len(sentence_similarities) not in (0, len(sentences)):
        given = f"{len(sentence_similarities)} similarities for {len(sentences)} sentences"
        raise SettingsError(f"There are {given}: give one for each sentence, or none.")
    found = find_words(sample)
    words = [word.text for word in found]
    passage_words = word_texts(passage)
    said = [word_texts(sentence) for sentence in sentences]
    copied_at, copied = longest_copied_run(words, passage_words)
    four, five = in_characters(4, sample), in_characters(5, sample)
    looped_at = loop_start(words, said, four)
    return Measures(
        words=len(words),
        blank=not words,
        copied_words=copied,
        copied_start=found[copied_at].start if copied else None,
        copied_end=found[copied_at + copied - 1].end if copied else None,
        copied_share=copied_share(words, passage_words, five),
        repeated_sentences=len(repeats(said)),
        repetition=sequence_repetition(words, four),
        loop_start=None if looped_at is None else found[looped_at].start,
        similarity=None if similarity is None else _cosine(similarity),
        sentence_similarities=tuple(map(_cosine, sentence_similarities)),
        reversal=opens_by_contradicting(said[0] if said else words) if english else None,
        cut_off=bool(words) and not ends_sentence(sample),
        passage_bleu=bleu(words, passage_words),
        passage_edit_distance=edit_distance(words, passage_words),
    )


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _cosine(value: float) -> float:
    # Rounding may carry a cosine of unit vectors a little past one.
    if not math.isfinite(value) or abs(value) > 1.001:
        raise SettingsError(f"A similarity is {value!r}: a cosine must be a number from -1 to 1.")
    return min(1.0, max(-1.0, float(value)))
