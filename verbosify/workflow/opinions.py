"""What the fresh model thinks of what the curator may pick after a passage: asked once, when its samples are drawn.

Costs about a tenth of the sampling, since only a shortlist is asked about, all of it in one batch behind the passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean

from verbosify.curation import Candidate, shortlist
from verbosify.measures import opinion_of
from verbosify.models.protocol import LanguageModel
from verbosify.piece import Opinion, Passage, Piece
from verbosify.words import is_written_without_spaces

MOST_READ = 4096
"""Tokens of an essay that tell how likely its prose is to the model."""
SPARE = 8
"""Tokens by which what is cut may grow, where a character was cut in two."""


def likelihood_of_prose(model: LanguageModel, paragraphs: Sequence[str]) -> float:
    """The mean log-probability of a token of these paragraphs, each read by itself, up to `MOST_READ` tokens in all."""
    found: list[float] = []
    for paragraph in paragraphs:
        token_ids = model.encode(paragraph)[: model.card.context - SPARE]
        if len(token_ids) > 1 and len(found) < MOST_READ:
            found += [score.log_probability for score in model.score(model.decode(token_ids))]
    return fmean(found) if found else 0.0


def ask(piece: Piece, passage: Passage, model: LanguageModel, own: float, offered: Sequence[Candidate]) -> None:
    """Record the fresh model's opinions on a shortlist of candidates for a passage; it must not be overfitted now.

    Args:
        own: the likelihood of the essay's prose, as `likelihood_of_prose` has it.

    What does not fit the model's context is not asked about.
    """
    space = "" if is_written_without_spaces(passage.text) else " "
    sentence = next_sentence(piece, passage)
    following = model.encode(space + sentence) if sentence else []
    session = model.session(passage.text)
    room = model.card.context - len(session.token_ids)
    encoded = [(candidate, model.encode(space + candidate.text)) for candidate in shortlist(offered)]
    asked = [(candidate, token_ids) for candidate, token_ids in encoded if 0 < len(token_ids) <= room]
    if len(following) > room - max((len(token_ids) for _, token_ids in asked), default=0):
        following = []  # what follows is too long to be read as well
    alone, *after = session.likelihoods([following, *(token_ids + following for _, token_ids in asked)])
    rows = []
    for (candidate, token_ids), likelihoods in zip(asked, after, strict=True):
        said, led = likelihoods[: len(token_ids)], likelihoods[len(token_ids) :]
        opinion = opinion_of(said, own=own, following=led, alone=alone)
        rows.append(Opinion(sample=candidate.sample, start=candidate.start, end=candidate.end, **asdict(opinion)))
    piece.add_opinions(rows)


def next_sentence(piece: Piece, passage: Passage) -> str | None:
    """The sentence of the essay that follows a passage in its paragraph."""
    sentences = piece.job.essay_blocks[passage.block]["sentences"]
    return sentences[passage.last + 1]["text"] if passage.last + 1 < len(sentences) else None
