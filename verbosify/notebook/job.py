"""Loading and running with a bar to watch, in a cell that may be interrupted and run again. Does none of the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from verbosify.essay.reading import Essay
from verbosify.models.host import guest_of
from verbosify.models.loading import model_folder
from verbosify.models.process import tune_process
from verbosify.models.protocol import LanguageModel, OnProgress
from verbosify.workflow import Options, Progress, Summary, verbosify
from verbosify.workflow.run import load_embedder
from verbosify.workflow.visit import Embed


def load(options: Options | None = None, *, tune: bool = False) -> tuple[LanguageModel, Embed]:
    """The model that `options` name and the sentence embeddings, fetched first if need be, with a bar.

    The model has an owner, a thread of its own, so that every cell, widget and thread may use it at any time, and an
    error, running out of memory too, is that of the cell it happened in. The owner ends with the last use of the model.

    Args:
        tune: make overfits faster by changing how this whole kernel comes by memory: see `tune_process`.

    Raises:
        ModelError: a model is not available; the sentence says what to do.
    """
    options = options or Options()
    if tune:
        tune_process()
    with _bar("Loading") as move:
        told: OnProgress = lambda what, done, total: move(done, total or 0, what)  # noqa: E731  # a type of ours
        move(0, 0, f"Loading {options.model}…")
        for name in (options.model, "minilm"):  # here, so that to interrupt the cell ends the fetch too
            model_folder(name, progress=told, on_notice=lambda _: None)
        model = guest_of(lambda: options.spec.load(progress=told))
        embed = model.beside(lambda: load_embedder(told))
        move(1, 1, f"{model.card.name}: {model.card.parameters / 1e6:,.0f} million weights, {model.card.dtype}.")
    return model, lambda texts: model.beside(lambda: embed(texts))


def run(
    essay: Essay,
    folder: str | Path,
    options: Options,
    *,
    model: LanguageModel,
    embed: Embed,
    sentences: str | None = None,
    limit: int | None = None,
) -> Summary:
    """Verbosify `essay` into the piece in `folder`, or go on with the one there, with a bar.

    Interrupt the kernel to stop: every batch that was done is recorded. Run it again to go on.

    Raises:
        VerbosifyError: as `verbosify` does.
    """
    with _bar("Passages") as move:

        def show(progress: Progress) -> None:
            minutes, seconds = divmod(round(progress.seconds_left), 60)
            move(
                progress.passage,
                progress.passages,
                f"passage {progress.passage} of {progress.passages} · loss {progress.loss_before:.2f} → "
                f"{progress.loss_after:.2f} · {progress.samples} samples, {progress.usable:.0%} of all usable · "
                f"{progress.words:,} of {progress.wanted:,} words found · about {minutes}:{seconds:02d} left",
            )

        move(0, 0, "Reading what is recorded already…")
        summary = verbosify(
            essay,
            folder,
            options,
            model=model,
            embed=embed,
            sentences=sentences,
            limit=limit,
            on_progress=show,
            on_notice=_say,
        )
        met = "" if summary.target_met else f", short of ×{summary.target:g}"
        move(
            summary.gaps,
            summary.gaps,
            f"{summary.gaps} of {summary.passages} passages visited, {summary.samples:,} samples; the built-in "
            f"curator's first reading has {summary.words_after:,} words{met}.",
        )
    return summary


def _say(notice: str) -> None:
    import ipywidgets as widgets
    from IPython.display import display

    from verbosify.notebook.essay_form import status

    display(widgets.HTML(status(notice)))  # type: ignore[no-untyped-call]


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar in the cell, and a function that moves it: done, of how many (0 if unknown), and what to say."""
    import ipywidgets as widgets
    from IPython.display import display

    bar = widgets.IntProgress(0, description=name, layout={"width": "98%", "max_width": "40em"})
    said = widgets.HTML()
    display(widgets.VBox([bar, said]))  # type: ignore[no-untyped-call]

    def move(done: int, total: int, what: str) -> None:
        from verbosify.notebook.essay_form import status

        bar.max, bar.value = max(total, 1), done
        said.value = status(what)

    try:
        yield move
    except BaseException:
        bar.bar_style = "warning"
        raise
    bar.bar_style = "success"
