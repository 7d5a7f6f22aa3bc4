"""How long the rest of a run takes, judged by what it has done. Knows clocks and counts only.

A visit is a first batch (with the overfit before it) and perhaps more batches, where the first offered too little. What
differs between visits is how many batches follow, so that is what is estimated, beside what each of the two takes: a
mean over whole visits would need dozens of them to settle. Some visits, of which it is known which, begin with a
control, which is timed by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PRIOR_SHARE = 0.6
"""Of the batches that may follow the first, how many do, before any visit has told (1,240 samples for 43 passages)."""
PRIOR_WEIGHT = 8
"""As many visits as that expectation counts for."""
CONTROL = 0.3
"""What a control takes, before one has told, as a share of a first batch."""
ENDING, ENDING_A_PASSAGE = 0.15, 0.005
"""Choosing and writing files and pages at the end, in visits: whatever the piece, and for each of its passages."""
FADING = 0.95
"""What a time weighs against the one after it: a machine that others use as well changes its pace."""


@dataclass(slots=True)
class _Recent:
    """A mean in which later values weigh more."""

    value: float = 0.0
    weight: float = 0.0

    def add(self, value: float) -> None:
        self.weight = FADING * self.weight + 1
        self.value += (value - self.value) / self.weight


@dataclass(slots=True)
class Pace:
    """What a run of so many `passages` has told so far of its visits: `most` batches may follow the first of each.

    The first visit is left out of what a first batch takes once there are two: it also warms the machine up.
    """

    most: int
    passages: int
    _first: _Recent = field(default_factory=_Recent)
    _next: _Recent = field(default_factory=_Recent)
    _control: _Recent = field(default_factory=_Recent)
    _firsts: int = 0
    _ended: int = 0
    _ended_nexts: int = 0
    _so_far: int = 0
    _visiting: bool = False

    def batch(self, seconds: float, *, first: bool, last: bool, control: float = 0.0) -> None:
        """Samples came, `seconds` after those before: the `first` of a visit, perhaps the `last`.

        `control` are those of the seconds that went to a control.
        """
        if control:
            self._control.add(control)
            seconds -= control
        if first:
            self._firsts += 1
            if self._firsts == 2:
                self._first = _Recent()
        (self._first if first else self._next).add(seconds)
        self._so_far = 0 if first else self._so_far + 1
        self._visiting = not last
        if last:
            self._ended += 1
            self._ended_nexts += self._so_far

    def seconds_left(self, visits: int, controls: int = 0) -> float:
        """Until the end of the run, with so many visits to come after the one at work, some with a control.

        0 before anything was told.
        """
        following = self._next.value or 0.7 * self._first.value
        expected = self.most * PRIOR_SHARE * PRIOR_WEIGHT + self._ended_nexts
        nexts = expected / (PRIOR_WEIGHT + self._ended)
        visit = self._first.value + nexts * following
        rest = max(0.0, nexts - self._so_far) * following if self._visiting else 0.0
        control = self._control.value or CONTROL * self._first.value
        ending = (ENDING + ENDING_A_PASSAGE * self.passages) * visit
        return visits * visit + controls * control + rest + ending
