"""`verbosify()`: from an essay to a piece, resumable at every moment. The one place that ties the rooms together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from time import perf_counter

from verbosify.curation import Choice
from verbosify.curation.choosing import TOLERANCE
from verbosify.errors import SettingsError
from verbosify.essay.reading import Essay, read_essay
from verbosify.models.loading import load_model, model_folder
from verbosify.models.protocol import LanguageModel, OnProgress
from verbosify.piece import Piece, write_export
from verbosify.piece.export import EXPORT_NAME
from verbosify.piece.store import PASSED_OVER
from verbosify.readiness import ensure_installed, ensure_writable
from verbosify.workflow.curating import curate, offers, promise
from verbosify.workflow.options import Options
from verbosify.workflow.outputs import paths_of, words_added, write_reading
from verbosify.workflow.plan import Plan, make_plan
from verbosify.workflow.sampling import Embed, Judge, visit

READINGS = ("fluffy", "strange")
"""What the built-in curator chooses and a run writes as essays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after every batch.

    Attributes:
        passage, passages: which is being worked at, from 1, of how many.
        loss_before, loss_after: of its overfit, nats a token.
        samples: drawn for it so far.
        words, wanted: words found so far for all gaps, and words needed for the target.
        seconds_left: estimated, for all remaining passages.
    """

    passage: int
    passages: int
    loss_before: float
    loss_after: float
    samples: int
    words: int
    wanted: int
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a job came to. `words_after`, `ratio` and `picks` are those of the *fluffy* reading.

    `passed_over` are passages that the model could not take in: too long for its context, or of a single token.
    """

    title: str
    words_before: int
    words_after: int
    ratio: float
    target: float
    target_met: bool
    passages: int
    gaps: int
    passed_over: int
    samples: int
    picks: int
    closeness: dict[str, float | None]
    seconds: float
    model_seconds: float
    outputs: tuple[Path, ...]


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
        What it came to. Every sample is in the piece before it is counted, and stays there whatever happens.

    Raises:
        VerbosifyError: the essay, the options, the model or the folder will not do; each says why.
    """
    started = perf_counter()
    options = options or Options()
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is {limit!r}: it must be at least 1.")
    if not isinstance(essay, Essay):
        essay = read_essay(essay)
    plan = make_plan(essay, out, options, sentences)
    essay, passages = plan.essay, plan.passages
    ensure_installed("docx")
    ensure_writable([Path(out) / EXPORT_NAME, *(p for r in READINGS for p in paths_of(essay.name, r, Path(out)))])
    words_before = essay.words
    share = words_before * (options.target - 1) / len(passages)
    judge = _judge(plan, share, on_notice)
    model = model or load_model(
        options.model, engine=options.engine, device=options.device, precision=options.precision, progress=on_fetch
    )
    if options.settings.length >= model.card.context:
        raise SettingsError(
            f"length is {options.settings.length}: it must be below {model.card.context}, which is all that "
            f"{model.card.name} reads at once."
        )
    embed = embed or load_embedder(on_fetch)
    job = plan.job(options, model)
    todo = passages if limit is None else passages[:limit]
    model_seconds = 0.0
    with ExitStack() as stack:
        piece = stack.enter_context(Piece.open_or_create(out, job, passages))
        stack.enter_context(piece.lock())
        finished = piece.finished_passages()
        piece.note("resumed" if piece.log() else "started", passages=len(todo), finished=len(finished))
        gains = {gap: promise(found, share) for gap, found in offers(piece, judge, finished).items()}
        begun = perf_counter()
        visited = 0
        try:
            for row in piece.passages()[: len(todo)]:
                if row.index in finished:
                    continue
                seconds = 0.0
                for progress in visit(piece, row, model, embed, judge, options):
                    gains[row.index] = promise(progress.candidates, share)
                    pace = (perf_counter() - begun) / (visited + 1)
                    on_progress(
                        Progress(
                            passage=row.index + 1,
                            passages=len(todo),
                            loss_before=progress.loss_before,
                            loss_after=progress.loss_after,
                            samples=progress.samples,
                            words=sum(gains.values()),
                            wanted=round(share * len(todo)),
                            seconds_left=pace * (len(todo) - row.index - 1),
                        )
                    )
                    seconds = progress.model_seconds
                model_seconds += seconds
                visited += 1
        except BaseException as error:
            piece.note("interrupted", error=type(error).__name__)
            raise
        gaps = len(piece.finished_passages())  # an earlier run with a higher limit may have visited more
        reached = round(words_before * gaps / len(passages))
        choices = curate(piece, judge, words_before=reached, target=options.target)
        texts = [path for name in READINGS for path in write_reading(piece, name, piece.folder)]
        added = words_added(piece, "fluffy")
        piece.note("finished", words_before=words_before, words_after=words_before + added)
        outputs = (write_export(piece), *texts)
        return Summary(
            title=essay.title,
            words_before=words_before,
            words_after=words_before + added,
            ratio=round((words_before + added) / words_before, 3) if words_before else 1.0,
            target=options.target,
            target_met=abs(reached + added - options.target * reached) <= TOLERANCE * options.target * reached,
            passages=len(passages),
            gaps=gaps,
            passed_over=len({str(entry.detail.get("passage")) for entry in piece.log() if entry.event == PASSED_OVER}),
            samples=sum(1 for _ in piece.samples()),
            picks=len(piece.picks("fluffy")),
            closeness={name: _mean_closeness(choices.get(name)) for name in READINGS},
            seconds=perf_counter() - started,
            model_seconds=model_seconds,
            outputs=outputs,
        )


def _judge(plan: Plan, share: float, on_notice: Callable[[str], None]) -> Judge:
    """The judge of a plan's essay, who says first what it does not judge."""
    judge = Judge.of(plan.prose, share)
    if judge.voice.unjudged:
        on_notice(judge.voice.unjudged)
    return judge


def load_embedder(on_fetch: OnProgress | None = None) -> Embed:
    """Sentence embeddings by all-MiniLM-L6-v2, fetched first if it is not on this computer."""
    from verbosify.models.embedding import SentenceEmbedder

    return SentenceEmbedder(model_folder("minilm", progress=on_fetch)).embed


def _mean_closeness(choice: Choice | None) -> float | None:
    return round(fmean(pick.closeness for pick in choice.picks.values()), 3) if choice and choice.picks else None
