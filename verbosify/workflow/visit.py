"""One passage's visit to the model: overfit, sample, measure, record, and again while too little is fit.

Knows models, measures and the record; what is fit to print it leaves to the curator.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from statistics import fmean
from time import perf_counter
from typing import TYPE_CHECKING, Any

from verbosify.curation import Advice, Candidate, Mentions, Voice, advise, candidates, portfolio
from verbosify.curation.advice import IN_CASE
from verbosify.errors import ModelError
from verbosify.essay.language import guess_language
from verbosify.essay.sentences import split_sentences
from verbosify.measures import Measures, measure_batch, measure_sample
from verbosify.models.protocol import Continuation, LanguageModel, Overfit
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Batch, Passage, Piece, Sample
from verbosify.piece import Overfit as OverfitRow
from verbosify.workflow import opinions
from verbosify.workflow.options import Options, batch_seed, control_seed, hand_seed, recorded_recipe
from verbosify.workflow.plan import prose_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts to unit vectors, one a row."""

CLOSE_ENOUGH = 0.55
"""A candidate this close to its passage satisfies the *fluffy* reading."""
ENOUGH = 1
"""Samples with such a candidate that a passage should have before it is left."""
STUCK = {"copied", "looped", "blank"}
"""Badges of samples that say nothing new."""
CONTROL_EVERY = 8
"""Every so many passages the fresh base continues the passage too, to tell what overfitting changed."""
BY_HAND = "rerolled by hand"
"""How the reason of a batch begins that a person asked for."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What the curator needs to know of the essay, to judge a sample of it. Each sample is judged once.

    `share` is how many words each gap should get for the target to be met.
    """

    mentions: Mentions
    voice: Voice
    share: float
    _judged: dict[object, list[Candidate]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, prose: str, share: float) -> Judge:
        """The judge of an essay's prose, which is read once, here."""
        return cls(Mentions.of(prose), Voice.of(prose), share)

    def candidates_of(self, sample: Sample, passage: str) -> list[Candidate]:
        """What of the sample may be printed after the passage."""
        measured = Measures.from_dict(sample.measures)
        key = (sample.id, sample.text, passage, measured.similarity, measured.sentence_similarities)
        if key not in self._judged:
            self._judged[key] = self._candidates(sample, passage, measured.sentence_similarities)
        return self._judged[key]

    def _candidates(self, sample: Sample, passage: str, similarities: tuple[float, ...]) -> list[Candidate]:
        spans = split_sentences(sample.text, language=self.voice.language)
        if similarities and len(similarities) != len(spans):  # another splitter measured it: the mean holds for each
            similarities = (fmean(similarities),) * len(spans)
        return candidates(
            sample.id, sample.text, spans, similarities, passage=passage, mentions=self.mentions, voice=self.voice
        )

    def is_enough(self, offer: _Offer, most_samples: int) -> bool:
        """Whether the close reading can choose among several samples for this gap, or no more may be drawn."""
        good = {
            candidate.sample
            for candidate in offer.candidates
            if candidate.closeness >= CLOSE_ENOUGH and candidate.is_plain and candidate.words >= self.share / 2
        }
        return len(good) >= ENOUGH or offer.samples >= most_samples


@dataclass(frozen=True, slots=True)
class Visit:
    """How far a passage has got: its losses, its samples, and what they offer; `ended` if nothing more will come.

    `control_seconds` is what it took to let the fresh base continue it, if it did so now.
    """

    loss_before: float
    loss_after: float
    samples: int
    candidates: tuple[Candidate, ...]
    model_seconds: float
    control_seconds: float
    ended: bool = False

    @property
    def usable(self) -> int:
        """How many of the samples have something that a close reading could take."""
        return len({candidate.sample for candidate in self.candidates if candidate.is_usable})


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the batches of a passage have brought so far, and what to try next."""

    candidates: list[Candidate]
    samples: int
    advice: Advice | None


def visit(
    piece: Piece,
    passage: Passage,
    model: LanguageModel,
    embed: Embed,
    judge: Judge,
    options: Options,
    *,
    own: float = 0.0,
) -> Iterator[Visit]:
    """Sample one passage until there is enough, each batch recorded before it is told of.

    Goes on from whatever is recorded of the passage already, with the same result as if never interrupted.
    What a person drew there meanwhile decides nothing: neither settings nor seeds, nor whether there is enough.
    A passage that the model cannot take in at once is skipped, which the log tells. At the end the fresh model is asked
    for its opinions, for which `own` is the likelihood of the essay's prose: see `opinions.likelihood_of_prose`.
    """
    tokens = len(model.encode(passage.text))
    most = min(options.recipe.window_tokens, model.card.context - options.settings.length)
    if not 2 <= tokens <= most:
        piece.skip_passage(passage.index, tokens=tokens, most=most)
        return
    recorder = _Recorder(piece, passage, model, embed, judge.voice.language)
    control_seconds = _draw_control(recorder, options)
    batches = own_batches(piece, passage.index)
    offer = _offer(piece, passage, judge, batches, options.settings)
    if batches and judge.is_enough(offer, options.most_samples):
        row = piece.overfit(batches[-1].overfit or 0)
        state = Visit(row.loss_before, row.loss_after, offer.samples, tuple(offer.candidates), 0.0, control_seconds)
    else:
        state = yield from _draw_until_enough(recorder, judge, options, batches, offer, control_seconds)
    begun = perf_counter()
    opinions.ask(piece, passage, model, own, state.candidates)
    piece.finish_passage(passage.index)
    yield replace(state, model_seconds=state.model_seconds + perf_counter() - begun, ended=True)


def has_control(passage: Passage) -> bool:
    """Whether the fresh base continues the passage, too."""
    return passage.index % CONTROL_EVERY == 0


def _draw_control(recorder: _Recorder, options: Options) -> float:
    """Every so many passages let the fresh base continue the passage too, once; returns the seconds that took."""
    index = recorder.passage.index
    if not has_control(recorder.passage) or any(batch.overfit is None for batch in recorder.piece.batches(index)):
        return 0.0
    begun = perf_counter()
    settings = replace(options.settings, seed=control_seed(options.seed, index))
    recorder.draw([Advice(settings, "the fresh base, for comparison")], None)
    return perf_counter() - begun


def _draw_until_enough(
    recorder: _Recorder, judge: Judge, options: Options, own: list[Batch], offer: _Offer, control_seconds: float
) -> Generator[Visit, None, Visit]:
    """Overfit, and draw in turn, each round in the piece when it is told of; returns how far the last one got."""
    piece, passage, model = recorder.piece, recorder.passage, recorder.model
    with model.overfit(passage.text, options.recipe) as overfit:
        row = piece.overfit(own[-1].overfit) if own and own[-1].overfit else _overfit_row(passage, overfit, model)
        seconds = overfit.seconds
        while True:
            batches = recorder.draw(_next_round(own, offer, passage, options), row)
            own += batches
            row = row if row.id else piece.overfit(batches[0].overfit or 0)
            seconds += sum(batch.seconds for batch in batches)
            offer = _offer(piece, passage, judge, own, options.settings)
            found = tuple(offer.candidates)
            state = Visit(row.loss_before, row.loss_after, offer.samples, found, seconds, control_seconds)
            if judge.is_enough(offer, options.most_samples):
                return state
            yield state


def rounds_at_most(options: Options) -> int:
    """How many times the model is asked for samples of one passage, if there is never enough."""
    each = options.settings.n * (len(portfolio(options.settings)) if options.portfolio else 1)
    return -(-options.most_samples // each)


def _next_round(own: Sequence[Batch], offer: _Offer, passage: Passage, options: Options) -> list[Advice]:
    """What to draw next, as one batch of the model: a portfolio, or what the artist's rule advises after the last."""
    if options.portfolio:
        advised = portfolio(options.settings)
    else:
        advised = [offer.advice or Advice(options.settings, "the first samples")]
    first, left = _next_number(own, passage, options), options.most_samples - offer.samples
    draws = []
    for number, advice in enumerate(advised, first):
        n = min(options.settings.n, left)
        if n > 0:
            seed = batch_seed(options.seed, passage.index, number)
            draws.append(replace(advice, settings=replace(advice.settings, seed=seed, n=n)))
        left -= n
    return draws


def draw_more(
    piece: Piece, passage: Passage, model: LanguageModel, embed: Embed, settings: SamplingSettings, *, reason: str
) -> Batch:
    """One more batch for a passage, outside of a run: overfitted by the piece's recipe, sampled as `settings` say.

    It is recorded with its overfit, and has `settings.n` samples, however many a run may draw. Its seed follows from
    the piece's own, and is none that a run would take, by which a run tells it from its own batches.

    Raises:
        ModelError: these are not the weights the piece was made with, or the passage does not fit the model.
        PieceError: another process samples for the piece.
    """
    made_with = piece.job.model["weights_sha256"]
    if model.card.weights_sha256 != made_with:
        raise ModelError(
            f"{model.card.name} has other weights than the piece was made with ({made_with[:12]}…): load that model."
        )
    with piece.lock():
        recipe = recorded_recipe(piece.job.options)
        seed = hand_seed(piece.job.options.get("seed", 0), passage.index, len(piece.batches(passage.index)))
        language = guess_language(prose_of(piece.job.essay_blocks))
        recorder = _Recorder(piece, passage, model, embed, language)
        with model.overfit(passage.text, recipe) as overfit:
            row = _overfit_row(passage, overfit, model)
            (batch,) = recorder.draw([Advice(replace(settings, seed=seed), reason)], row)
            return batch


def advice_for(piece: Piece, passage: Passage, judge: Judge) -> Advice | None:
    """What to try next at a passage, after the last batch of an overfit there, whoever drew it; None without any."""
    last = next((batch for batch in reversed(piece.batches(passage.index)) if batch.overfit is not None), None)
    if last is None:
        return None
    return _offer(piece, passage, judge, [last], SamplingSettings.from_dict(last.settings)).advice


def own_batches(piece: Piece, passage: int | None = None) -> list[Batch]:
    """The batches that a run drew after an overfit, of a passage or of all, in order."""
    seed = piece.job.options.get("seed", 0)
    return [b for b in piece.batches(passage) if b.overfit is not None and not _drawn_by_hand(b, seed)]


def drawn_together(piece: Piece, batch: Batch) -> list[Batch]:
    """The batches that came from the model at once with `batch`, itself among them, in order."""
    together: list[Batch] = []
    for other in piece.batches(batch.passage):
        if together and not (other.overfit == together[-1].overfit and other.reason.startswith(IN_CASE)):
            if batch.id in {each.id for each in together}:
                break
            together = []
        together.append(other)
    return together


def _drawn_by_hand(batch: Batch, seed: object) -> bool:
    by_hand = hand_seed(seed, batch.passage, batch.number)
    return batch.reason.startswith(BY_HAND) or batch.settings.get("seed") == by_hand


def _next_number(own: Sequence[Batch], passage: Passage, options: Options) -> int:
    """The number of a run's next batch: how many it drew, unless an earlier verbosify counted those of a hand too."""
    taken = {batch.settings.get("seed") for batch in own}
    return next(n for n in count(len(own)) if batch_seed(options.seed, passage.index, n) not in taken)


def _offer(
    piece: Piece, passage: Passage, judge: Judge, batches: Sequence[Batch], settings: SamplingSettings
) -> _Offer:
    """What these batches offer, all together, and what to try after them, where the first was drawn with `settings`."""
    wanted = {batch.id for batch in batches}
    samples = [sample for sample in piece.samples(passage.index) if sample.batch in wanted]
    found = {sample.id: judge.candidates_of(sample, passage.text) for sample in samples}
    advice = None
    for batch in batches:
        last = [sample for sample in samples if sample.batch == batch.id]
        stuck = [sample.id for sample in last if STUCK & set(Measures.from_dict(sample.measures).badges())]
        lost = [s.id for s in last if s.id not in stuck and not any(c.closeness >= CLOSE_ENOUGH for c in found[s.id])]
        advice = advise(settings, total=len(last), stuck=len(stuck), lost=len(lost))
        settings = advice.settings
    return _Offer([candidate for some in found.values() for candidate in some], len(samples), advice)


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


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Draws samples of one passage and has them in the piece, measured, before it says so."""

    piece: Piece
    passage: Passage
    model: LanguageModel
    embed: Embed
    language: str

    def draw(self, draws: Sequence[Advice], overfit: OverfitRow | None) -> list[Batch]:
        """A batch for each set of settings, drawn together; either all are recorded or none is."""
        started = perf_counter()
        continuations = self.model.sample(self.passage.text, [draw.settings for draw in draws])
        seconds = (perf_counter() - started) / len(continuations)
        texts = [continuation.text for continuation in continuations]
        rows = list(map(_sample_row, continuations, measure(self.passage.text, texts, self.embed, self.language)))
        batches: list[Batch] = []
        with self.piece.database.writing():
            for draw in draws:
                mine, rows = rows[: draw.settings.n], rows[draw.settings.n :]
                batches.append(
                    self.piece.add_batch(
                        self.passage.index,
                        mine,
                        settings=draw.settings.to_dict(),
                        overfit=overfit,
                        seconds=seconds * draw.settings.n,
                        model=asdict(self.model.card),
                        reason=draw.reason,
                        diversity=measure_batch([row.text for row in mine]).to_dict(),
                    )
                )
                if overfit is not None and not overfit.id:
                    overfit = self.piece.overfit(batches[0].overfit or 0)
        return batches


def _sample_row(continuation: Continuation, measured: Measures) -> Sample:
    values: dict[str, Any] = measured.to_dict()
    return Sample(
        index=continuation.index,
        token_ids=list(continuation.token_ids),
        text=continuation.text,
        finish=continuation.finish,
        measures=values,
    )


def measure(passage: str, texts: Sequence[str], embed: Embed, language: str) -> list[Measures]:
    """The measures of several continuations of a passage of an essay in `language`, all sentences embedded at once."""
    sentences = [[text[start:end] for start, end in split_sentences(text, language=language)] for text in texts]
    vectors = embed([passage, *texts, *(sentence for split in sentences for sentence in split)])
    similarities = (vectors[1:] @ vectors[0]).tolist()
    wholes, parts = similarities[: len(texts)], iter(similarities[len(texts) :])
    return [
        measure_sample(passage, text, split, whole, [next(parts) for _ in split], english=language == "en")
        for text, split, whole in zip(texts, sentences, wholes, strict=True)
    ]
