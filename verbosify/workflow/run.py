"""`verbosify()`: from an essay to a piece, resumable at every moment. The one place that ties the rooms together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from verbosify.errors import SettingsError
from verbosify.essay.reading import Essay, read_essay
from verbosify.models.loading import model_folder
from verbosify.models.protocol import LanguageModel, ModelCard, OnProgress
from verbosify.piece import Passage, Piece
from verbosify.piece.export import EXPORT_NAME
from verbosify.readiness import ensure_installed, ensure_writable
from verbosify.workflow.finish import READINGS, Summary, candidates_by_gap, expected_words, finish
from verbosify.workflow.opinions import likelihood_of_prose
from verbosify.workflow.options import Options
from verbosify.workflow.outputs import paths_of
from verbosify.workflow.pace import Pace
from verbosify.workflow.plan import make_plan, prose_of
from verbosify.workflow.visit import Embed, Judge, has_control, rounds_at_most, visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after every batch.

    Attributes:
        passage, passages: which is being worked at, from 1, of how many.
        loss_before, loss_after: of its overfit, nats a token.
        samples: drawn for it so far.
        words, wanted: words found so far for all gaps, and words needed for the target.
        usable: the share of this run's samples so far in which a close reading finds something to take, 0 to 1.
        seconds_left: estimated, until the run ends: see `pace`.
    """

    passage: int
    passages: int
    loss_before: float
    loss_after: float
    samples: int
    words: int
    wanted: int
    usable: float
    seconds_left: float


def verbosify(
    essay: Essay | str | Path,
    out: str | Path,
    options: Options | None = None,
    *,
    model: LanguageModel | None = None,
    embed: Embed | None = None,
    sentences: str | None = None,
    limit: int | None = None,
    on_fetch: OnProgress | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Verbosify an essay into the piece in folder `out`, or go on with the one that is there.

    Args:
        essay: an essay, or the path of one.
        out: the piece's folder.
        options: what to do; by default the method of the original, with the embedded model.
        model: a model that is loaded already; it must be the one that `options` name.
        embed: sentence embeddings; by default all-MiniLM-L6-v2.
        sentences: a corrected split, as `format_sentences` writes it.
        limit: how many passages to visit at most, from the first; the target shrinks in proportion.
        on_fetch: called while a model is fetched, as `load_model` calls its `progress`.
        on_progress: called after every batch.
        on_notice: called once if the essay is in another language than English, with what is not judged in it.

    Returns:
        The result. Every sample is in the piece before it is counted, and stays there whatever happens.

    Raises:
        VerbosifyError: the essay, the options, the model or the folder will not do; each says why.
    """
    started = perf_counter()
    options = options or Options()
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is {limit!r}: it must be at least 1.")
    plan = make_plan(essay if isinstance(essay, Essay) else read_essay(essay), out, options, sentences)
    ensure_that_it_can_end(plan.essay, Path(out))
    judge = Judge.of(plan.prose, plan.share(options.target))
    if judge.voice.unjudged:
        on_notice(judge.voice.unjudged)
    model = model or options.spec.load(progress=on_fetch, on_notice=on_notice)
    ensure_that_it_fits(options, model.card)
    embed = embed or load_embedder(on_fetch)
    with ExitStack() as stack:
        piece = stack.enter_context(Piece.open_or_create(out, plan.job(options, model.card), plan.passages))
        stack.enter_context(piece.lock())
        options = replace(options, portfolio=piece.job.options.get("portfolio", False))  # it goes on as it began
        model_seconds = _visit_all(piece, piece.passages()[:limit], model, embed, judge, options, on_progress)
        return finish(piece, plan, judge, options, started=started, model_seconds=model_seconds)


def _visit_all(
    piece: Piece,
    passages: Sequence[Passage],
    model: LanguageModel,
    embed: Embed,
    judge: Judge,
    options: Options,
    on_progress: Callable[[Progress], None],
) -> float:
    """Let each passage visit the model that has not done so yet; returns the seconds the model was at work."""
    finished = piece.finished_passages()
    piece.note("resumed" if piece.log() else "started", passages=len(passages), finished=len(finished))
    found = candidates_by_gap(piece, judge, finished)
    words = {gap: expected_words(candidates, judge.share) for gap, candidates in found.items()}
    pace, model_seconds = Pace(rounds_at_most(options) - 1, len(passages)), 0.0
    samples = usable = 0
    left = [passage for passage in passages if passage.index not in finished]
    own = likelihood_of_prose(model, prose_of(piece.job.essay_blocks).split("\n\n")) if left else 0.0
    told = perf_counter()
    try:
        for number, passage in enumerate(left, 1):
            to_come, controls = len(left) - number, sum(map(has_control, left[number:]))
            seconds, drawn, fit = 0.0, 0, 0
            for state in visit(piece, passage, model, embed, judge, options, own=own):
                words[passage.index] = expected_words(state.candidates, judge.share)
                before, told = told, perf_counter()
                control = 0.0 if drawn else state.control_seconds
                pace.batch(told - before, first=not drawn, last=state.ended, control=control)
                on_progress(
                    Progress(
                        passage=passage.index + 1,
                        passages=len(passages),
                        loss_before=state.loss_before,
                        loss_after=state.loss_after,
                        samples=state.samples,
                        words=sum(words.values()),
                        wanted=round(judge.share * len(passages)),
                        usable=round((usable + state.usable) / max(samples + state.samples, 1), 3),
                        seconds_left=pace.seconds_left(to_come, controls),
                    )
                )
                seconds, drawn, fit = state.model_seconds, state.samples, state.usable
            samples, usable = samples + drawn, usable + fit
            model_seconds += seconds
    except BaseException as error:
        piece.note("interrupted", error=type(error).__name__)
        raise
    return model_seconds


def ensure_that_it_can_end(essay: Essay, folder: Path) -> None:
    """Refuse at the beginning what the end would fail for: a part that is not installed, a file that is in the way."""
    ensure_installed("docx")
    readings = (path for reading in READINGS for path in paths_of(essay.name, reading, folder))
    ensure_writable([folder / EXPORT_NAME, *readings])


def ensure_that_it_fits(options: Options, card: ModelCard) -> None:
    """Refuse samples that would leave the model nothing to read."""
    if options.settings.length >= card.context:
        raise SettingsError(
            f"length is {options.settings.length}: it must be below {card.context}, which is all that "
            f"{card.name} reads at once."
        )


def load_embedder(on_fetch: OnProgress | None = None) -> Embed:
    """Sentence embeddings by all-MiniLM-L6-v2, fetched first if it is not on this computer."""
    from verbosify.models.embedding import SentenceEmbedder

    return SentenceEmbedder(model_folder("minilm", progress=on_fetch)).embed
