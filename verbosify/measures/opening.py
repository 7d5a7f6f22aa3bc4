"""Whether a sample opens by contradicting what came before it. Closed lists, for English only."""

from __future__ import annotations

from collections.abc import Sequence

# Openings that contradict by themselves.
CONTRADICTIONS = (
    "on the contrary",
    "quite the contrary",
    "to the contrary",
    "contrary to",
    "quite the opposite",
    "quite the reverse",
    "far from it",
    "not so",
    "not true",
    "not at all",
    "nothing could be further from the truth",
    "but actually",
    "but in fact",
    "but in reality",
    "but in truth",
    "however in fact",
    "however in reality",
    "that is false",
    "that is wrong",
    "that's false",
    "that's wrong",
    "this is false",
    "this is wrong",
)
# Openings that contradict if the sentence they open holds a negation.
CORRECTIONS = (
    "actually",
    "as a matter of fact",
    "in actual fact",
    "in fact",
    "in reality",
    "in truth",
    "the fact is",
    "the reality is",
    "the truth is",
)
# "However, this is not": a turn, what was said, and a negation with at most one word between.
TURNS = ("and yet", "but", "however", "nevertheless", "nonetheless", "still", "yet")
SUBJECTS = ("it", "that", "these", "this", "those")
# "This is not true": what was said, a negation likewise, and a judgement with at most two words between.
JUDGEMENTS = ("accurate", "case", "correct", "right", "so", "true")
NEGATIONS = ("cannot", "neither", "never", "no", "none", "nor", "not", "nothing")
_NO_DENIAL = (["just"], ["only"], ["until"])


def opens_by_contradicting(sentence: Sequence[str]) -> bool:
    """Whether the words of a sample's first sentence begin by taking back what was said before.

    True for an opening among `CONTRADICTIONS`; for one among `CORRECTIONS` whose sentence holds a
    negation ("In fact, the probe never landed"); for a turn against what was said ("However, this is
    not"); for its denial ("That isn't quite true"). "Not only", "not just" and "not until" are no negations.
    """
    words = list(sentence)
    if any(_opens(words, phrase) for phrase in CONTRADICTIONS):
        return True
    if any(_opens(words, phrase) for phrase in CORRECTIONS):
        return _negation(words) is not None
    turn = next((phrase.split() for phrase in TURNS if _opens(words, phrase)), [])
    rest = words[len(turn) :]
    if not rest or rest[0] not in SUBJECTS:
        return False
    denied = _negation(rest)
    if denied is None or denied > 2:
        return False
    return bool(turn) or any(word in JUDGEMENTS for word in rest[denied + 1 : denied + 4])


def _opens(words: list[str], phrase: str) -> bool:
    expected = phrase.split()
    return words[: len(expected)] == expected


def _negation(words: list[str]) -> int | None:
    """The index of the first negation among `words`."""
    for index, word in enumerate(words):
        if word.endswith("n't") or (word in NEGATIONS and words[index + 1 : index + 2] not in _NO_DENIAL):
            return index
    return None
