"""One passage's visit to the model: overfit, sample, measure, record, and again while too little is fit.

Knows models, measures and the record; what is fit to print it leaves to the curator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from verbosify.curation import Candidate, Voice, advise, candidates
from verbosify.essay.sentences import split_sentences
from verbosify.measures import Measures, measure_batch, measure_sample
from verbosify.models.protocol import Continuation, LanguageModel, Overfit, SamplingSettings
from verbosify.piece import Batch, Passage, Piece, Sample
from verbosify.piece import Overfit as OverfitRow
from verbosify.workflow.options import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts to unit vectors, one a row."""

CLOSE_ENOUGH = 0.5
"""A candidate this close to its passage satisfies the *fluffy* reading."""
ENOUGH = 2
"""Samples with such a candidate that a passage should have before it is left."""
CONTROL_EVERY = 8
"""Every so many passages the fresh base continues the passage too, to tell what overfitting changed."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What the curator needs to know of the essay, to judge a sample of it.

    `share` is how many words each gap should get for the target to be met.
    """

    prose: str
    voice: Voice
    share: float

    def candidates(self, sample: Sample, passage: str) -> list[Candidate]:
        similarities = Measures.from_dict(sample.measures).sentence_similarities
        spans = split_sentences(sample.text)
        return candidates(
            sample.id, sample.text, spans, similarities, passage=passage, essay=self.prose, voice=self.voice
        )

    def is_enough(self, found: Sequence[Candidate]) -> bool:
        """Whether the close reading can choose among several samples for this gap."""
        good = {
            candidate.sample
            for candidate in found
            if candidate.closeness >= CLOSE_ENOUGH and candidate.is_plain and candidate.words >= self.share / 2
        }
        return len(good) >= ENOUGH


@dataclass(frozen=True, slots=True)
class Visit:
    """How far a passage has got: its losses, its samples, and what they offer."""

    loss_before: float
    loss_after: float
    samples: int
    candidates: tuple[Candidate, ...]
    model_seconds: float


def visit(piece: Piece, passage: Passage, model: LanguageModel, embed: Embed, judge: Judge, options: Options) -> Iterator[Visit]:
    """Sample one passage until there is enough, each batch recorded before it is told of.

    Goes on from whatever is recorded of the passage already, with the same result as if never interrupted.
    A passage that the model cannot take in at once is passed over, which the log tells.
    """
    tokens = len(model.encode(passage.text))
    most = min(options.recipe.window_tokens, model.card.context - options.settings.length)
    if not 2 <= tokens <= most:
        piece.note("passed over", passage=passage.index, tokens=tokens, most=most)
        piece.finish_passage(passage.index)
        return
    batches = piece.batches(passage.index)
    if passage.index % CONTROL_EVERY == 0 and all(batch.overfit is not None for batch in batches):
        _record(piece, passage, model, embed, options.batch_settings(passage.index, -1, options.settings, 0), None,
                "the fresh base, for comparison")
    own = [batch for batch in batches if batch.overfit is not None]
    found, drawn, flags = _recorded(piece, passage, judge, own)
    if own and (judge.is_enough(found) or drawn >= options.most_samples):
        piece.finish_passage(passage.index)
        return
    settings, reason = options.settings, "the first samples"
    if own:
        settings, reason = _next(SamplingSettings.from_dict(own[-1].settings), flags)
    model_seconds = 0.0
    with model.overfit(passage.text, options.recipe) as overfit:
        row = piece.overfit(own[-1].overfit) if own and own[-1].overfit else _overfit_row(passage, overfit, model)
        model_seconds += overfit.seconds
        number = len(own)
        while True:
            batch_settings = options.batch_settings(passage.index, number, settings, drawn)
            batch = _record(piece, passage, model, embed, batch_settings, row, reason)
            if not row.id:
                row = piece.overfit(batch.overfit or 0)
            model_seconds += batch.seconds
            more, count, flags = _recorded(piece, passage, judge, [batch])
            found, drawn, number = [*found, *more], drawn + count, number + 1
            done = judge.is_enough(found) or drawn >= options.most_samples
            if done:
                piece.finish_passage(passage.index)
            yield Visit(row.loss_before, row.loss_after, drawn, tuple(found), model_seconds)
            if done:
                return
            settings, reason = _next(settings, flags)


def _next(settings: SamplingSettings, flags: Sequence[Sequence[str]]) -> tuple[SamplingSettings, str]:
    advice = advise(settings, flags)
    return advice.settings, advice.reason


def _recorded(
    piece: Piece, passage: Passage, judge: Judge, batches: Sequence[Batch]
) -> tuple[list[Candidate], int, list[tuple[str, ...]]]:
    """What the recorded batches offer, how many samples they hold, and the badges of the last one's."""
    wanted = {batch.id for batch in batches}
    samples = [sample for sample in piece.samples(passage.index) if sample.batch in wanted]
    found = [candidate for sample in samples for candidate in judge.candidates(sample, passage.text)]
    last = batches[-1].id if batches else None
    flags = [Measures.from_dict(sample.measures).badges() for sample in samples if sample.batch == last]
    return found, len(samples), flags


def _overfit_row(passage: Passage, overfit: Overfit, model: LanguageModel) -> OverfitRow:
    return OverfitRow(
        passage=passage.index,
        recipe=overfit.recipe.to_dict(),
        loss_before=overfit.loss_before,
        loss_after=overfit.loss_after,
        window_loss=overfit.window_loss,
        window_tokens=overfit.window_tokens,
        seconds=overfit.seconds,
        model=asdict(model.card),
    )


def _record(
    piece: Piece,
    passage: Passage,
    model: LanguageModel,
    embed: Embed,
    settings: SamplingSettings,
    overfit: OverfitRow | None,
    reason: str,
) -> Batch:
    started = perf_counter()
    continuations = model.sample(passage.text, settings)
    seconds = perf_counter() - started
    measures = measure(passage.text, [continuation.text for continuation in continuations], embed)
    samples = [
        _sample_row(continuation, measured)
        for continuation, measured in zip(continuations, measures, strict=True)
    ]
    return piece.add_batch(
        passage.index,
        samples,
        settings=settings.to_dict(),
        overfit=overfit,
        seconds=seconds,
        model=asdict(model.card),
        reason=reason,
        diversity=measure_batch([continuation.text for continuation in continuations]).to_dict(),
    )


def _sample_row(continuation: Continuation, measured: Measures) -> Sample:
    values: dict[str, Any] = measured.to_dict()
    return Sample(
        index=continuation.index,
        token_ids=list(continuation.token_ids),
        text=continuation.text,
        finish=continuation.finish,
        measures=values,
    )


def measure(passage: str, texts: Sequence[str], embed: Embed) -> list[Measures]:
    """The measures of several continuations of one passage, all their sentences embedded at once."""
    sentences = [[text[start:end] for start, end in split_sentences(text)] for text in texts]
    vectors = embed([passage, *texts, *(sentence for split in sentences for sentence in split)])
    similarities = (vectors[1:] @ vectors[0]).tolist()
    wholes, parts = similarities[: len(texts)], iter(similarities[len(texts) :])
    return [
        measure_sample(passage, text, split, whole, [next(parts) for _ in split])
        for text, split, whole in zip(texts, sentences, wholes, strict=True)
    ]
