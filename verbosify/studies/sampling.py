"""Cells to samples: each training once, each batch as full as can be. A pure function of a model and a task.

A task is a few cells, whatever they share; what comes out for a cell does not depend on the others, in float32 token
for token. On a card many overfits are sampled at once (`models.pytorch.stacked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from statistics import fmean
from time import perf_counter
from typing import Any, Protocol, TypeVar

from verbosify.models.protocol import Continuation, LanguageModel
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.corpus import draw_windows, window_length
from verbosify.models.training.divergence import DivergenceError
from verbosify.studies.grid import Cell
from verbosify.studies.places import corpus, prose_of

Item = TypeVar("Item")

SETS, ROWS = 48, 4800
"""What is sampled at once on a card, at most: overfits, and rows."""
SCORED = 240
"""Rows that the fresh model reads at once."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a training went.

    Attributes:
        loss_before, loss_after: of the passage, nats a token, under the fresh model and the one that was sampled; None
            if that has diverged: the training went too far, and nothing was sampled.
        window_loss: of the windows before the first step; None without a training.
        trained_tokens: all that were read with a gradient.
        seconds: what the training took, shared by all cells that use it.
    """

    loss_before: float
    loss_after: float | None
    window_loss: float | None
    trained_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One sample, looked at after `length` tokens.

    `log_probability` is that of all its tokens after the passage, under the fresh model, in nats.
    """

    index: int
    length: int
    token_ids: tuple[int, ...]
    text: str
    finish: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class CellResult:
    """What came of a cell, ready for JSON by `asdict`."""

    key: str
    cell: dict[str, Any]
    model: dict[str, Any]
    report: Report
    rows: tuple[Row, ...]


Drawn = tuple[Cell, Report, list[Continuation]]


class _Sampler(Protocol):
    """What samples from models as they pass by."""

    def take(self, cells: Sequence[Cell], report: Report) -> None:
        """Have the model as it is now continue a passage, as each of its cells asks."""

    def drawn(self) -> list[Drawn]:
        """Every cell that was taken, with its samples."""


def sample_cells(model: LanguageModel, cells: Sequence[Cell]) -> list[CellResult]:
    """Every cell's result, in no particular order."""
    with _quick_attention(model):
        return _sample_cells(model, cells)


def _sample_cells(model: LanguageModel, cells: Sequence[Cell]) -> list[CellResult]:
    sampler: _Sampler = _Stacked(model) if is_on_card(model) else _OneByOne(model)
    lost: list[Drawn] = []
    for alike in grouped(cells, lambda cell: cell.taught):
        try:
            with _taught(model, alike) as teach:
                for together in grouped(alike, lambda cell: (cell.strength, cell.passage)):
                    sampler.take(together, teach(together[0].strength, together[0].passage))
        except DivergenceError:
            lost += [(cell, Report(_loss(model, cell.passage), None, None, 0, 0.0), []) for cell in alike]
    return _results(model, sampler.drawn() + lost)


def is_on_card(model: LanguageModel) -> bool:
    """Whether it is one of which many overfits are sampled at once."""
    return model.card.engine == "torch" and model.card.device.startswith("cuda")


def _quick_attention(model: LanguageModel) -> AbstractContextManager[None]:
    """On a card, without cuDNN's attention, which is compiled anew for every length."""
    if not is_on_card(model):
        return nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    backends = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    attention: AbstractContextManager[None] = sdpa_kernel(backends)
    return attention


Teach = Callable[[float, str], Report]
"""From a strength and a passage to the report, the model being as that strength has it."""


@contextmanager
def _taught(model: LanguageModel, cells: Sequence[Cell]) -> Iterator[Teach]:
    """The model as the cells' one training makes it, by any of their strengths; fresh again afterwards."""
    training = cells[0].training
    if training.is_fresh:
        yield partial(_unchanged, model)
    elif training.is_shared:
        with _taught_texts(model, cells) as teach:
            yield teach
    else:
        with _taught_passage(model, cells[0]) as teach:
            yield teach


def _unchanged(model: LanguageModel, _strength: float, passage: str) -> Report:
    loss = _loss(model, passage)
    return Report(loss, loss, None, 0, 0.0)


@contextmanager
def _taught_passage(model: LanguageModel, cell: Cell) -> Iterator[Teach]:
    training = cell.training
    tokens = len(model.encode(" ".join([cell.passage] * training.copies)))
    with model.overfit(cell.passage, training.recipe(tokens, cell.strength)) as overfit:
        seconds, trained = overfit.seconds, overfit.window_tokens * training.steps * training.windows

        def teach(strength: float, _passage: str) -> Report:
            if strength != overfit.strength:
                overfit.strength = strength
            return Report(overfit.loss_before, overfit.loss_after, overfit.window_loss, trained, seconds)

        yield teach


@contextmanager
def _taught_texts(model: Any, cells: Sequence[Cell]) -> Iterator[Teach]:
    """By steps on the corpus, then on the whole text, a window each, with one memory of Adam's."""
    training, started = cells[0].training, perf_counter()
    before = {cell.passage: _loss(model, cell.passage) for cell in cells}
    recipe = TuningRecipe(learning_rate=training.learning_rate)
    windows: list[Sequence[int]] = []
    for stage, text in enumerate((corpus(), prose_of(cells[0].text))):
        token_ids = model.encode(text)
        length = window_length([token_ids], min(recipe.window_tokens, model.card.context))
        steps = training.epochs * -(-len(token_ids) // length) if stage else training.corpus_steps
        windows += [draw_windows([token_ids], length, 1, (stage, step))[0] for step in range(steps)]
    with model.training(replace(recipe, steps=len(windows))) as trainer:
        losses = [trainer.step([window]) for window in windows]
        seconds = perf_counter() - started

        def teach(_strength: float, passage: str) -> Report:
            return Report(before[passage], _loss(model, passage), losses[0], sum(map(len, windows)), seconds)

        yield teach


class _OneByOne:
    """Samples at once whatever comes, all settings of a passage in one batch."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._drawn: list[Drawn] = []

    def take(self, cells: Sequence[Cell], report: Report) -> None:
        rows = self._model.sample(cells[0].passage, [cell.settings for cell in cells])
        self._drawn += _dealt(cells, report, rows)

    def drawn(self) -> list[Drawn]:
        return self._drawn


class _Stacked:
    """Collects overfits, and samples from many of them at once."""

    def __init__(self, model: Any) -> None:
        from verbosify.models.pytorch.stacked import Stack

        self._stack = Stack(model, SETS)
        self._taken: list[tuple[Sequence[Cell], Report]] = []
        self._drawn: list[Drawn] = []

    def take(self, cells: Sequence[Cell], report: Report) -> None:
        self._stack.add(cells[0].passage, max(cell.settings.length for cell in cells))
        self._taken.append((cells, report))
        if self._stack.is_full or sum(cell.settings.n for cells, _ in self._taken for cell in cells) > ROWS:
            self._sample()

    def drawn(self) -> list[Drawn]:
        if self._taken:
            self._sample()
        return self._drawn

    def _sample(self) -> None:
        """Those of one length at a time: the others would have their memory, and wait."""
        for length in sorted({cell.settings.length for cells, _ in self._taken for cell in cells}):
            asked = [[cell for cell in cells if cell.settings.length == length] for cells, _ in self._taken]
            rows = self._stack.sample([[cell.settings for cell in cells] for cells in asked])
            for (_, report), cells, mine in zip(self._taken, asked, rows, strict=True):
                self._drawn += _dealt(cells, report, mine)
        self._stack.clear()
        self._taken = []


def _dealt(cells: Sequence[Cell], report: Report, rows: Sequence[Continuation]) -> list[Drawn]:
    """Each cell with its own of the rows."""
    left = iter(rows)
    return [(cell, report, list(islice(left, cell.settings.n))) for cell in cells]


def _results(model: LanguageModel, drawn: Sequence[Drawn]) -> list[CellResult]:
    """With how likely the fresh model finds what was said."""
    found = []
    for alike in grouped(drawn, lambda each: each[0].passage):
        said = [row.token_ids for _, _, rows in alike for row in rows]
        likelihoods = iter(_likelihoods(model, alike[0][0].passage, said))
        found += [
            CellResult(
                cell.key,
                cell.to_dict(),
                asdict(model.card),
                report,
                tuple(look for row in rows for look in _looks(model, row, next(likelihoods), cell.lengths)),
            )
            for cell, report, rows in alike
        ]
    return found


def _likelihoods(model: LanguageModel, passage: str, rows: Sequence[Sequence[int]]) -> list[list[float]]:
    session = model.session(passage) if rows else None
    by_length = sorted(range(len(rows)), key=lambda place: len(rows[place]))  # so that little of a batch is empty
    found: dict[int, list[float]] = {}
    for start in range(0, len(rows), SCORED):
        places = by_length[start : start + SCORED]
        assert session is not None  # noqa: S101  # there are rows
        found.update(zip(places, session.likelihoods([rows[place] for place in places]), strict=True))
    return [found[place] for place in range(len(rows))]


def _looks(
    model: LanguageModel, row: Continuation, likelihoods: Sequence[float], lengths: Sequence[int]
) -> Iterator[Row]:
    """The row after each of so many tokens; drawn with another length, those would be the same tokens."""
    for length in lengths:
        token_ids = row.token_ids[:length]
        whole = len(row.token_ids) <= length
        yield Row(
            index=row.index,
            length=length,
            token_ids=token_ids,
            text=row.text if whole else model.decode(token_ids),
            finish=row.finish if whole else "length",
            log_probability=sum(likelihoods[:length]),
        )


def _loss(model: LanguageModel, passage: str) -> float:
    """Mean cross-entropy, nats a token, of the passage from its second token on."""
    return -fmean(score.log_probability for score in model.score(passage))


def grouped(items: Iterable[Item], key: Callable[[Item], Any]) -> list[list[Item]]:
    """Items with the same key together, in the order in which the keys first come."""
    groups: dict[Any, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())
