"""The curation widget: a passage, its samples, and the hand that picks among them.

Every click is in the piece's record before it is shown, and what is shown is read from there: a kernel may die at
any moment, and two notebooks may work on one piece. The view itself is `static/curator.js`, which knows only what
it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from threading import RLock, current_thread, main_thread
from typing import Any, Concatenate, ParamSpec

import anywidget
import traitlets

from verbosify.errors import ModelError, PieceError, SettingsError
from verbosify.models.protocol import LanguageModel
from verbosify.notebook import picking
from verbosify.notebook.failures import told
from verbosify.notebook.plain import curator_text, with_text
from verbosify.notebook.reroll import advice_here, sampling_settings, settings_here
from verbosify.notebook.view import (
    BADGES,
    ORDERS,
    Shown,
    added_words,
    essay_view,
    passage_view,
    settings_words,
)
from verbosify.piece import Piece
from verbosify.piece.picks import PickAction
from verbosify.piece.reading_state import Line, line_of
from verbosify.web import as_module
from verbosify.words import plain_words
from verbosify.workflow.options import recorded_target
from verbosify.workflow.plan import prose_of
from verbosify.workflow.visit import BY_HAND, Embed, draw_more

_STATIC = Path(__file__).parent / "static"
_CHANGED = "This gap was changed elsewhere meanwhile. It is shown as it is now; nothing was overwritten."


Asked = ParamSpec("Asked")


def _act(method: Callable[Concatenate[Curator, Asked], None]) -> Callable[Concatenate[Curator, Asked], None]:
    """Do something with the piece open, one thing at a time.

    A notebook may answer clicks in a thread other than that of its cells, and an open piece belongs to one thread.
    """

    @wraps(method)
    def act(self: Curator, /, *positional: Asked.args, **named: Asked.kwargs) -> None:
        with self._lock:
            if self._open is not None:  # one act is part of another
                method(self, *positional, **named)
                return
            with Piece.open(self.folder) as piece:
                self._open = piece
                try:
                    method(self, *positional, **named)
                finally:
                    self._open = None

    return act


class Curator(anywidget.AnyWidget):
    """Curate a piece by mouse, by keyboard or by calling these methods; display it by naming it last in a cell.

    Args:
        piece: the piece, or its folder; it is opened anew for each act, so it need not stay open.
        model: what rerolls; without it the samples are those there are.
        embed: sentence embeddings for the measures of new samples; by default all-MiniLM-L6-v2, loaded when needed.
        reading: the name of the reading that is being made.
        name: who curates, as the record and the published page will say.

    Raises (every method): `PieceError`, `SettingsError` or `ModelError`; the widget tells them as sentences.
    """

    _esm = as_module(_STATIC / "curator.js")
    _css = _STATIC / "curator.css"

    view = traitlets.Dict().tag(sync=True)
    totals = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    advice = traitlets.Dict().tag(sync=True)
    essay: traitlets.List[Any] = traitlets.List().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        piece: Piece | str | Path,
        model: LanguageModel | None = None,
        embed: Embed | None = None,
        reading: str = "own",
        name: str = "",
    ) -> None:
        super().__init__()
        self.folder = piece.folder if isinstance(piece, Piece) else Path(piece)
        self.model, self.embed = model, embed
        self.reading, self.name = reading, name or "a person"
        self.choices = {"orders": ORDERS, "badges": list(BADGES), "can_reroll": model is not None}
        self._lock = RLock()
        self._open: Piece | None = None
        self._shown, self._essay_open = Shown(), False
        self._begin()
        self.on_msg(self._on_message)

    @_act
    def _begin(self) -> None:
        """Show the gap that was last worked at, or else the first with samples."""
        if not self.piece.passages():
            raise PieceError(f"The piece in {self.folder} has no passages: there is nothing to curate.")
        last = line_of(self.piece.history(), self.reading).last_gap
        self._gap = min((batch.passage for batch in self.piece.batches()), default=0) if last is None else last
        self._prose = prose_of(self.piece.job.essay_blocks)
        self._refresh()

    @property
    def piece(self) -> Piece:
        """The piece, while something is done to it."""
        if self._open is None:
            raise PieceError(f"The piece is open during an act only: read it with `Piece.open({str(self.folder)!r})`.")
        return self._open

    @property
    def gap(self) -> int:
        """The index of the passage that is shown."""
        return self._gap

    def _repr_mimebundle_(self, **circumstances: Any) -> Any:
        return with_text(super()._repr_mimebundle_(**circumstances), curator_text(self))

    # Looking

    @_act
    def go(self, gap: int) -> None:
        """Show the passage of that index."""
        count = len(self._passages)
        if not 0 <= gap < count:
            raise PieceError(f"There is no passage {gap + 1}: the piece has {count}.")
        self._gap = gap
        self._refresh()

    @_act
    def step(self, by: int) -> None:
        """Show the passage so many further on, or the last one there is on that side."""
        self.go(max(0, min(self._gap + by, len(self._passages) - 1)))

    @_act
    def next_undecided(self) -> None:
        """Show the next passage that has samples and no decision."""
        sampled = {batch.passage for batch in self.piece.batches()}
        line = line_of(self.piece.history(), self.reading)
        open_gaps = sorted(sampled - line.standing.keys(), key=lambda gap: (gap <= self._gap, gap))
        if open_gaps:
            self.go(open_gaps[0])
        self._say("" if open_gaps else "Every gap with samples is decided.")

    @_act
    def sort_by(self, order: str) -> None:
        """Sort the samples by one of the orders of `view.ORDERS`."""
        if order not in ORDERS:
            raise SettingsError(f"There is no order {order!r}: choose one of {', '.join(ORDERS)}.")
        self._shown = replace(self._shown, order=order)
        self._refresh()

    @_act
    def hide(self, badges: list[str]) -> None:
        """Hide the samples that wear one of these badges and are neither picked nor pinned."""
        if unknown := set(badges) - set(BADGES):
            raise SettingsError(f"There is no badge {min(unknown)!r}: choose among {', '.join(BADGES)}.")
        self._shown = replace(self._shown, hidden=tuple(badges))
        self._refresh()

    @_act
    def show_earlier(self, *, earlier: bool) -> None:
        """Show also the samples that stepped back when others were rerolled."""
        self._shown = replace(self._shown, earlier=earlier)
        self._refresh()

    @_act
    def open_essay(self, *, opened: bool) -> None:
        """Keep the whole essay, as it grows, in view."""
        self._essay_open = opened
        self._refresh()

    # Choosing

    @_act
    def pick(self, sample: int, *, start: int | None = None, end: int | None = None) -> None:
        """Accept a sample up to `end`, a character of its raw text; by default up to the suggested cut."""
        row = self.piece.sample(sample)
        self._change(
            lambda picks: picking.accepted(picks, row, start=start, end=end),
            "picked" if start is None and end is None else "trimmed",
            f"{self._called(sample)} is picked.",
        )

    @_act
    def unpick(self, sample: int) -> None:
        """Take a sample out again."""
        self._change(lambda picks: picking.without(picks, sample), "picked", f"{self._called(sample)} is out again.")

    @_act
    def edit(self, sample: int, text: str) -> None:
        """Put `text` in a sample's place, marked as edited."""
        row = self.piece.sample(sample)
        self._change(lambda picks: picking.edited(picks, row, text), "edited", f"{self._called(sample)} is edited.")

    @_act
    def move_up(self, sample: int) -> None:
        """Put a pick one place earlier among those of its gap."""
        self._change(lambda picks: picking.moved_up(picks, sample), "picked", f"{self._called(sample)} comes earlier.")

    @_act
    def choose_none(self) -> None:
        """Decide that nothing goes into this gap."""
        self._change(lambda _: (), "cleared", "Nothing goes in here.")

    @_act
    def begin_from(self, reading: str) -> None:
        """Make the whole reading what another one is now, as one act."""
        if reading not in self.piece.readings():
            raise PieceError(f"There is no reading {reading!r}: choose one of {', '.join(self.piece.readings())}.")
        self.piece.choose_reading(self.reading, self.piece.picks(reading), curator=self.name, reasons={})
        self._refresh()
        self._say(f"This reading is now as {reading} is: change what you like.")

    @_act
    def undo(self) -> None:
        """Take back the act last done in this reading, and show where."""
        self._step_back(self.piece.undo(self.reading, curator=self.name), "Undone.", "There is nothing to undo.")

    @_act
    def redo(self) -> None:
        """Do again the act last undone."""
        self._step_back(self.piece.redo(self.reading, curator=self.name), "Done again.", "There is nothing to redo.")

    @_act
    def pin(self, sample: int, *, pinned: bool = True) -> None:
        """Keep a sample in view while others are rerolled, or no longer."""
        if (sample in self.piece.pinned()) != pinned:
            (self.piece.pin if pinned else self.piece.unpin)(sample, curator=self.name)
        self._refresh()
        self._say(f"{self._called(sample)} is {'pinned' if pinned else 'no longer pinned'}.")

    # Drawing more

    @_act
    def reroll(self, settings: dict[str, Any] | None = None, why: str = "") -> None:
        """Draw more samples for this passage, with `settings` or those in view; pinned and picked ones stay in sight.

        `settings` holds fields of `SamplingSettings`: n, length, temperature, top_k, top_p. Takes seconds; an
        interruption records nothing.
        """
        if self.model is None:
            raise ModelError("There is no model here to draw with: make the widget with `Curator(piece, model)`.")
        chosen = sampling_settings({**self.settings, **(settings or {})})
        passage = self._passages[self._gap]
        reason = f"{BY_HAND}: {why or settings_words(chosen.to_dict())}"
        with self._working(f"Overfitting on passage {self._gap + 1}, then drawing {chosen.n} samples…"):
            if self.embed is None:
                from verbosify.workflow.run import load_embedder

                self.embed = load_embedder()
            batch = draw_more(self.piece, passage, self.model, self.embed, chosen, reason=reason)
        self.settings = {name: getattr(chosen, name) for name in self.settings}
        self._refresh()
        drawn = sum(sample.batch == batch.id for sample in self.piece.samples(self._gap))
        self._say(f"{drawn} new samples. Pinned and picked ones stay; nothing is lost.")

    @_act
    def advise(self) -> None:
        """State the artist's rule for the samples last drawn here, and what to try."""
        self.advice = advice_here(self.piece, self._passages[self._gap], self._prose)

    # How it is done

    def _change(self, make: Callable[[picking.Picks], picking.Picks], action: PickAction, said: str) -> None:
        """Record a new list of picks at the gap, unless somebody else has changed it since it was shown."""
        line = line_of(self.piece.history(), self.reading)
        now, seen = line.standing.get(self._gap), self._line.standing.get(self._gap)
        if (now and now.id) != (seen and seen.id):
            self._refresh()
            self._say(_CHANGED)
            return
        old = now.picks if now else ()
        picks = make(old)
        if picks == old and not (action == "cleared" and now is None):
            self._say("That is how it is already.")
            return
        self.piece.pick(self.reading, self._gap, picks, curator=self.name, action=action if picks else "cleared")
        self._refresh()
        self._say(said)

    def _step_back(self, act: int | None, done: str, nothing: str) -> None:
        if act is not None:
            gap = line_of(self.piece.history(), self.reading).gap_of(act)
            self._gap = self._gap if gap is None else gap
        self._refresh()
        self._say(nothing if act is None else f"{done} This is passage {self._gap + 1}.")

    def _refresh(self) -> None:
        """Read the record and show it."""
        self._line: Line = line_of(self.piece.history(), self.reading)
        self._passages = self.piece.passages()
        words = plain_words(self._prose)
        target = recorded_target(self.piece.job.options)
        with self.hold_sync():
            if not self.view or self.view["index"] != self._gap:
                self.advice, self.message = {}, ""
                self.settings = settings_here(self.piece, self._gap)
            self.view = passage_view(self.piece, self._passages, self._gap, self._line, self._shown)
            self.totals = {
                "title": self.piece.job.title,
                "reading": self.reading,
                "others": [name for name in self.piece.readings() if name not in (self.reading, "sparse")],
                "before": words,
                "now": words + added_words(self._line),
                "wanted": round(words * target),
                "target": target,
            }
            self.shown = {
                "order": self._shown.order,
                "hidden": list(self._shown.hidden),
                "earlier": self._shown.earlier,
            }
            self.essay = essay_view(self.piece, self._passages, self._line) if self._essay_open else []

    def _called(self, sample: int) -> str:
        """What a sample is called on the screen."""
        for number, row in enumerate(self.piece.samples(self._gap), start=1):
            if row.id == sample:
                return f"Sample {number}"
        raise PieceError(f"Sample {sample} does not continue passage {self._gap + 1}: go to its own passage first.")

    def _say(self, message: str) -> None:
        self.message = message

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        self.busy = f"{what} To stop, interrupt the kernel." if current_thread() is main_thread() else what
        try:
            yield
        finally:
            self.busy = ""

    def _on_message(self, _: object, content: Any, __: object) -> None:
        """Do what the browser asks: the name of one of the methods below, and its arguments."""
        with told(self._say):
            asked = content.get("do") if isinstance(content, dict) else None
            if asked not in _ASKED:
                raise SettingsError("The view asked for something unknown: reload the page.")
            getattr(self, asked)(**{name: value for name, value in content.items() if name != "do"})


_ASKED = frozenset(
    (
        "advise",
        "begin_from",
        "choose_none",
        "edit",
        "go",
        "hide",
        "move_up",
        "next_undecided",
        "open_essay",
        "pick",
        "pin",
        "redo",
        "reroll",
        "show_earlier",
        "sort_by",
        "step",
        "undo",
        "unpick",
    )
)
