"""Kill -9 at random moments of everything that writes: nothing is lost, and the same command comes to the same end."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.campaigns.watching import Tell, watch
from tests.commands import lasting_parts
from tests.speaking_model import ESSAY

PICKS = 12
"""Acts of a person in one trial of picking."""
MOST_KILLS = 5
"""Of one step, before it is left to end."""
SHORT = "\n\n".join(ESSAY.split("\n\n")[:3])


@dataclass(frozen=True)
class Step:
    """Something that writes: what it begins from, and how it is done; a second time it goes on or does it again."""

    name: str
    begins_with: str
    act: Callable[[Path, Tell], None]


@dataclass
class Figures:
    """What came of a campaign; `faults` are sentences that name the trial."""

    kills: Counter[str] = field(default_factory=Counter)
    trials: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def campaign(folder: Path, model: Path, *, count: int, seed: int, say: Callable[[str], None] = print) -> Figures:
    """Kill `count` times, in an empty `folder`, with the model in the folder `model`."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    stage = Stage(folder, model)
    figures = Figures()
    names = list(stage.steps)
    while sum(figures.kills.values()) < count:
        trial = sum(figures.trials.values())
        name = names[trial % len(names)]
        if name == "run" and trial % (2 * len(names)):  # it takes as long as all the rest
            name = "pick"
        figures.trials[name] += 1
        fault = stage.trial(stage.steps[name], rng, figures, most=count - sum(figures.kills.values()))
        if fault:
            figures.faults.append(f"trial {trial} ({name}): {fault}")
            say(figures.faults[-1])
        if trial % 50 == 0:
            say(f"{sum(figures.kills.values())} of {count} kills, {len(figures.faults)} faults")
    return figures


class Stage:
    """The states that steps begin from, made once, and the end that each of them comes to when nobody kills it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder = folder
        self.essay = folder / "quay.md"
        self.essay.write_text(SHORT, encoding="utf-8")
        self.model = model
        self.steps = {step.name: step for step in self._steps()}
        self.ends: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, float] = {}
        (folder / "nothing").mkdir()
        for name, made_by, start in (("whole", "run", "nothing"), ("picked", "pick", "whole")):
            shutil.copytree(folder / start, folder / name)
            self._finish(self.steps[made_by], folder / name)
        self._finish(self.steps["export"], folder / "picked")
        for step in self.steps.values():
            self._measure(step)

    def _steps(self) -> Iterator[Step]:
        options = ("--model", self.model, "--samples", 2, "--most-samples", 4, "--length", 30)
        yield Step("run", "nothing", lambda piece, _: command("run", self.essay, "--out", piece, *options))
        yield Step("pick", "whole", pick)
        yield Step("score", "picked", lambda piece, _: command("score", piece))
        yield Step("site", "picked", lambda piece, _: command("site", piece))
        yield Step("export", "picked", export)
        yield Step("import", "nothing", lambda piece, _: import_again(self.folder / "picked" / "piece.json", piece))

    def _measure(self, step: Step) -> None:
        """How long a step takes when nobody kills it, and what it leaves."""
        seconds = []
        for number in range(3):
            place = self.folder / f"{step.name}-{number}"
            shutil.copytree(self.folder / step.begins_with, place)
            started = time.monotonic()
            self._finish(step, place)
            seconds.append(time.monotonic() - started)
            self.ends[step.name] = standing(place)
            shutil.rmtree(place)
        self.seconds[step.name] = median(seconds)

    @staticmethod
    def _finish(step: Step, place: Path) -> None:
        end = watch(lambda tell: step.act(place, tell))
        if end.code:
            raise RuntimeError(f"{step.name} ended with {end.code}: {' '.join(end.said[-3:])}")

    def trial(self, step: Step, rng: random.Random, figures: Figures, *, most: int) -> str | None:
        """Kill a step a few times, let it end, and say what is wrong then, if anything is."""
        place = self.folder / "trial"
        shutil.copytree(self.folder / step.begins_with, place)
        try:
            acknowledged: list[str] = []
            before = recorded(place)
            for _ in range(min(most, rng.randint(1, MOST_KILLS))):
                delay = rng.uniform(0, 1.05 * self.seconds[step.name])
                end = watch(lambda tell: step.act(place, tell), kill_after=delay)
                if end.code != -signal.SIGKILL:
                    if end.code:
                        return f"it ended with {end.code} by itself: {' '.join(end.said[-3:])}"
                    break
                figures.kills[step.name] += 1
                acknowledged += [line for line in end.said if not line.startswith("!")]
                if fault := wrong(place, before, acknowledged):
                    return f"killed after {delay:.3f} s: {fault}"
                before = recorded(place)
            age_drafts(place)
            end = watch(lambda tell: step.act(place, tell))
            if end.code:
                return f"going on, it ended with {end.code}: {' '.join(end.said[-3:])}"
            if left := [path.name for path in place.rglob("*") if is_draft(path)]:
                return f"{left[0]} was left lying"
            return difference(standing(place), self.ends[step.name])
        finally:
            shutil.rmtree(place)


def command(*words: object) -> None:
    """`verbosify WORDS` in this process."""
    from verbosify import cli

    sys.argv = ["verbosify", *map(str, words)]
    cli.main()


def pick(piece: Path, tell: Tell) -> None:
    """The acts of a person who picks, pins, undoes and does again, told one by one when they are on disk."""
    from verbosify.piece import Pick, Piece

    with Piece.open(piece) as opened:
        done = sum(event.curator == "Ada" for event in opened.history())
        for number in range(done, PICKS):
            passage = opened.passages()[number % len(opened.passages())]
            sample = next(iter(opened.samples(passage.index)))
            words = sample.text.strip()
            start = sample.text.index(words)
            match number % 4:
                case 0 | 1:
                    chosen = Pick(sample.id, start, start + len(words), words)
                    opened.pick("Ada's", passage.index, [chosen], curator="Ada")
                case 2:
                    opened.undo("Ada's", curator="Ada")
                case _:
                    opened.redo("Ada's", curator="Ada")
            tell(f"act {number}")


def export(piece: Path, tell: Tell) -> None:
    from verbosify.piece import Piece, write_export

    with Piece.open(piece) as opened:
        for number in range(5):
            tell(f"export {number} {write_export(opened).name}")


def import_again(exported: Path, piece: Path) -> None:
    """Import, unless that is done: who is killed at it imports again."""
    from verbosify.errors import PieceError
    from verbosify.piece import Piece, import_piece, read_export, write_export

    try:
        opened = Piece.open(piece)
    except PieceError:
        opened = import_piece(read_export(exported), piece)
    with opened:
        write_export(opened)


def recorded(piece: Path) -> dict[str, int]:
    """How many rows of each table are on disk."""
    if not (piece / "piece.db").exists():
        return {}
    with closing(sqlite3.connect(piece / "piece.db")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def wrong(piece: Path, before: dict[str, int], acknowledged: list[str]) -> str | None:
    """What a kill has damaged: a record that is lost, an act that was told of and is not there, half a file."""
    if (piece / "piece.db").exists():
        with closing(sqlite3.connect(piece / "piece.db")) as database:
            if (said := database.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
                return f"the database is damaged: {said}"
    now = recorded(piece)
    for table, rows in before.items():
        if now.get(table, 0) < rows:
            return f"{rows - now.get(table, 0)} rows of {table} are lost"
    acts = sum(line.startswith("act ") for line in acknowledged)
    if acts:
        with closing(sqlite3.connect(piece / "piece.db")) as database:
            found = database.execute("SELECT count(*) FROM pick_events WHERE curator = 'Ada'").fetchone()[0]
        if found < acts:
            return f"{acts} acts were told of, {found} are there"
    return half_a_file(piece)


def half_a_file(piece: Path) -> str | None:
    """The first file that is not whole, drafts (whose names begin with a dot) left out."""
    for path in sorted(piece.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not _is_whole(path):
            return f"{path.name} is half a file"
    return None


def _is_whole(path: Path) -> bool:
    content = path.read_bytes()
    if path.suffix == ".docx":
        return zipfile.is_zipfile(path) and zipfile.ZipFile(path).testzip() is None
    endings = {".json": b"}\n", ".html": b"</html>\n", ".png": b"IEND\xaeB`\x82", ".md": b"\n", ".txt": b"\n"}
    return content.endswith(endings.get(path.suffix, b""))


def age_drafts(piece: Path) -> None:
    """Make the drafts that kills left older than any that a writer at work may have: the next writer removes them."""
    for path in piece.rglob("*"):
        if is_draft(path):
            os.utime(path, (0, 0))


def is_draft(path: Path) -> bool:
    return path.is_file() and path.name.startswith(".")


def standing(piece: Path) -> dict[str, Any]:
    """All that a piece's folder holds in the end, but for what differs from run to run: times of day, and the log."""
    from verbosify.piece import Piece, export_piece

    with Piece.open(piece) as opened:
        record = lasting_parts(export_piece(opened))
    kept = {str(path.relative_to(piece)): path for path in sorted(piece.rglob("*")) if path.is_file()}
    files = {
        name: path.read_bytes() if path.suffix in {".md", ".txt"} else os.fspath(name)
        for name, path in kept.items()
        if not path.name.startswith((".", "piece.db", "piece.lock"))
    }
    return {"record": record, "files": files}


def difference(found: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """Where two ends part."""
    for part in ("record", "files"):
        for key in sorted(found[part].keys() | wanted[part].keys()):
            if found[part].get(key) != wanted[part].get(key):
                return f"the end is another: {key} of its {part}"
    return None
