"""Samples of which it is known what is wrong with them, to tell what the measures detect. Knows no model.

A sound sample is what the text itself says further on. From it the others are made: *looped* says its first sentence
over and over, *copied* repeats the passage, *off topic* is what another text says, *reversed* turns against the passage
in its first words, *incoherent* has the words of a sound one in another order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from verbosify.essay import split_sentences
from verbosify.measures import measure_sample
from verbosify.models.protocol import LanguageModel
from verbosify.studies.places import LARGEST, TEXTS, sentences_of

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("looped", "copied", "off topic", "reversed", "incoherent")
BADGES = {"looped": "looped", "copied": "copied", "off topic": "drifted", "reversed": "reversal", "incoherent": ""}
"""The badge that should tell each; what is incoherent has none, and is told by the model's own fluency."""
TURNS = ("But actually, ", "However, ", "No, ", "On the contrary, ", "Yet in fact ")


@dataclass(frozen=True, slots=True)
class Planted:
    """One sample after its passage, and what is wrong with it: one of `KINDS`, or nothing, `sound`."""

    passage: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Detection:
    """How well a badge tells a kind from the others.

    Attributes:
        precision: of all that have the badge, the share that is of the kind; what is spoilt in another way may well
            have it too, as a sentence said three times has little of its passage's subject.
        recall: of those of the kind, the share that has it.
        false_alarms: of the sound ones, the share that has it.
        planted: how many are of the kind.
    """

    kind: str
    badge: str
    precision: float
    recall: float
    false_alarms: float
    planted: int


def planted_samples() -> list[Planted]:
    """Sound and spoilt samples at places in all studied texts, as many of each."""
    found = []
    flat = {text: sentences_of(text) for text in TEXTS}
    for number, text in enumerate(TEXTS):
        sentences, other = flat[text], flat[TEXTS[(number + 3) % len(TEXTS)]]
        for start in range(0, len(sentences) - LARGEST, 4):
            passage = " ".join(sentences[start : start + 3])
            sound = sentences[start + 3 : start + 6]
            offset = start % max(1, len(other) - 3)
            shuffled = " ".join(sound).split()
            random.Random(start).shuffle(shuffled)  # noqa: S311  # no secret
            turn = TURNS[start // 4 % len(TURNS)]
            texts = {
                "sound": " ".join(sound),
                "looped": " ".join([sound[0]] * 3),
                "copied": " ".join([sentences[start + 1], sentences[start + 2], sound[0]]),
                "off topic": " ".join(other[offset : offset + 3]),
                "reversed": turn + sound[0][0].lower() + " ".join(sound)[1:],
                "incoherent": " ".join(shuffled),
            }
            found += [Planted(passage, said, kind) for kind, said in texts.items()]
    return found


def badges_of(
    samples: Sequence[Planted], embed: Callable[[Sequence[str]], NDArray[np.float32]]
) -> list[tuple[str, ...]]:
    """The badges that each earns."""
    passages, texts = ([getattr(sample, name) for sample in samples] for name in ("passage", "text"))
    vectors = embed([*passages, *texts])
    similarities = (vectors[: len(samples)] * vectors[len(samples) :]).sum(axis=1)
    return [
        measure_sample(
            sample.passage,
            sample.text,
            [sample.text[start:end] for start, end in split_sentences(sample.text)],
            float(similarity),
            [],
        ).badges()
        for sample, similarity in zip(samples, similarities, strict=True)
    ]


def detections(table: pd.DataFrame) -> list[Detection]:
    """For each kind, how well its badge tells it; what is incoherent by a fluency below the middle of two medians.

    Args:
        table: of `planted_table`.
    """
    found = []
    for kind, badge in BADGES.items():
        told = table[badge] if badge else table["fluency"] < fluency_threshold(table)
        mine, sound = table["kind"] == kind, table["kind"] == "sound"
        right = int((told & mine).sum())
        found.append(
            Detection(
                kind,
                badge or "fluency",
                right / max(1, int(told.sum())),
                right / max(1, int(mine.sum())),
                float((told & sound).sum() / max(1, sound.sum())),
                int(mine.sum()),
            )
        )
    return found


def fluency_threshold(table: pd.DataFrame) -> float:
    """Halfway between what is sound and what is incoherent, in nats a token."""
    medians = [float(table.loc[table["kind"] == kind, "fluency"].median()) for kind in ("sound", "incoherent")]
    return sum(medians) / 2


def planted_table(model: LanguageModel, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> pd.DataFrame:
    """A row a planted sample: its kind, whether it has each badge, and its fluency under the model, nats a token."""
    import pandas as pd

    samples = planted_samples()
    badges = badges_of(samples, embed)
    rows = []
    for sample, earned in zip(samples, badges, strict=True):
        (likelihoods,) = model.session(sample.passage).likelihoods([model.encode(" " + sample.text)])
        rows.append(
            {"kind": sample.kind}
            | {badge: badge in earned for badge in BADGES.values() if badge}
            | {"fluency": fmean(likelihoods)}
        )
    return pd.DataFrame(rows).astype({"kind": "category", "fluency": "float32"})
