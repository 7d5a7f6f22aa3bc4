"""An essay's shape as a small picture: its own words above a line, generated ones below, by their number.

`assets/js/shape.js` draws the same for a reader's own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 20
_HUMAN, _MACHINE, _THICK = 0, 11, 9


@dataclass(frozen=True, slots=True)
class Shape:
    """Paths of an SVG picture, `width` words wide and `HEIGHT` high."""

    width: int
    human: str
    machine: str


@dataclass(frozen=True, slots=True)
class Words:
    """How an essay's own words lie between its gaps.

    Attributes:
        between: how many come before each gap, and after the last.
        ends: the numbers of the gaps that end a paragraph.
    """

    between: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def all(self) -> int:
        return sum(self.between)


def draw_shape(words: Words, added: Sequence[int]) -> Shape:
    """The shape of an essay to which `added` words have been added in each gap."""
    human, machine = [], []
    length = 1
    for voice, start, width in runs(words, added):
        length = start + width
        if voice == "human":
            human.append(f"M{start} {_HUMAN}h{width}v{_THICK}h-{width}z")
        else:
            machine.append(f"M{start} {_MACHINE}h{width}v{_THICK}h-{width}z")
    return Shape(length, "".join(human), "".join(machine))


def runs(words: Words, added: Sequence[int]) -> list[tuple[str, int, int]]:
    """(voice, start, width) of each run of words, in order, with a pause after each paragraph."""
    found = []
    x = 0
    for gap, own in enumerate(words.between):
        if own:
            found.append(("human", x, own))
        x += own
        if gap < len(added):
            if added[gap]:
                found.append(("machine", x, added[gap]))
            x += added[gap] + (_pause(words) if gap in words.ends else 0)
    return found


def _pause(words: Words) -> int:
    return max(2, (words.all + 75) // 150)
