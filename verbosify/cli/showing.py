"""What commands show while they work: notices, and bars on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from verbosify.streams import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task


def show_notices(notices: Iterable[str]) -> None:
    for notice in notices:
        say(notice)


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Bars on a terminal, gone when all is done; nothing appears where there is none, or nothing to wait for.

    The field `ends` of a task is when it will, on the monotonic clock: what is left until then is shown, every second.
    """
    from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        def render(self, task: Task) -> Text:
            if "ends" not in task.fields:
                return Text()
            minutes, seconds = divmod(max(0, round(task.fields["ends"] - monotonic())), 60)
            return Text(f"{minutes}:{seconds:02d} left")

    console = make_console(stderr=True)
    columns = (
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        TimeLeft(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield bars


def show_fetching(bars: Bars) -> Callable[[str, int, int | None], None]:
    tasks: dict[str, Any] = {}

    def show(what: str, done: int, total: int | None) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total, visible=done != total)

    return show


def make_console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr)
