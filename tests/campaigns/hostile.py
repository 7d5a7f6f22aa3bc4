"""Thousands of hostile files through all that reads, writes and shows them: no traceback, no hang, nothing executed.

Each file goes the way of an essay (read, split, recorded with samples as hostile as itself, exported, woven into three
formats, shown as pages) or of a record (imported, exported, shown). A refusal in one sentence is right; any other error
is a fault, and so are more than ten seconds, two gigabytes, and anything in the output that a browser would execute.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from tests.campaigns import hostile_records, hostile_texts
from tests.campaigns.hostile_texts import CANARY, FRAGMENTS, PROSE
from tests.campaigns.watching import Tell, watch

MOST_SECONDS = 10.0
"""Of a processor, for one file of up to a megabyte, every way it takes; a larger one may take as many a megabyte."""
MOST_MEMORY = 2 * 2**30
LARGE = 100_000
"""Characters above which a text is read, split and woven, but no piece with pages is made of it."""
SHOWN = 0.1
"""Of the other essays, the share that becomes a piece with pages, which takes ten times as long as all the rest."""
CHILD = 100
"""Files in one child process."""
FORBIDDEN_EVENTS = {
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "socket.getaddrinfo",
    "pickle.find_class", "shutil.unpack_archive", "webbrowser.open",
}  # fmt: skip


@dataclass
class Figures:
    """What came of a campaign; `faults` are sentences that name the file's number, by which it is made again."""

    files: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    memory: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class File:
    """One hostile file: which kind of way it goes, its name, its bytes."""

    kind: str
    name: str
    content: bytes


def campaign(folder: Path, *, count: int, seed: int, say: Callable[[str], None] = print) -> Figures:
    """Send `count` files through, in an empty `folder`."""
    figures = Figures()
    done = 0
    while done < count:
        numbers = range(done, min(done + CHILD, count))
        end = watch(partial(_send, folder, seed, numbers), kill_after=3600, silent_for=12 * MOST_SECONDS)
        reached = _take(figures, end.said, numbers)
        figures.memory = max(figures.memory, end.memory)
        if end.memory > MOST_MEMORY:
            figures.faults.append(f"files {numbers.start} to {reached}: {end.memory / 2**30:.1f} GB of memory")
        if reached + 1 < numbers.stop:
            told = [line for line in end.said if line.startswith("!")]
            figures.faults.append(f"file {reached + 1}: ended its process with {end.code}: {' '.join(told[-2:])}")
            reached += 1
        done = reached + 1
        say(f"{done} of {count} files, {len(figures.faults)} faults, {figures.longest:.1f} s at most")
    for fault in figures.faults:
        say(fault)
    return figures


def _take(figures: Figures, lines: tuple[str, ...], numbers: range) -> int:
    """Note what a child told; the number of the last file it was through with."""
    reached = numbers.start - 1
    for line in lines:
        if not line.startswith("{"):
            continue
        said = json.loads(line)
        reached = said["number"]
        figures.files[said["kind"]] += 1
        figures.refused[said["kind"]] += said["refused"]
        figures.longest = max(figures.longest, said["seconds"])
        if said["fault"]:
            figures.faults.append(f"file {reached} ({said['kind']}, {said['size']} bytes): {said['fault']}")
        elif said["seconds"] > MOST_SECONDS * max(1, said["size"] / 1e6):
            figures.faults.append(
                f"file {reached} ({said['kind']}, {said['size']} bytes): {said['seconds']:.0f} seconds"
            )
    return reached


def file_of(seed: int, number: int) -> File:
    """The file of that number; the same one whenever it is asked for."""
    rng = random.Random(f"{seed} {number}")  # noqa: S311  # no secret
    size = 1_000_000 if rng.random() < 0.01 else int(10 ** rng.uniform(0, 4.2))
    kind = rng.choices(
        ["md", "txt", "repeated", "docx", "corrected split", "record", "database"], [30, 15, 8, 20, 5, 17, 5]
    )[0]
    match kind:
        case "md" | "txt":
            return File(kind, f"essay.{kind}", hostile_texts.encoded(rng, hostile_texts.hostile_text(rng, size)))
        case "repeated":
            text = hostile_texts.repeated_text(rng, size)
            return File(kind, rng.choice(["essay.md", "essay.txt"]), hostile_texts.encoded(rng, text))
        case "docx":
            return File(kind, "essay.docx", hostile_texts.hostile_docx(rng, size))
        case "corrected split":
            return File(kind, "essay.md", hostile_texts.hostile_text(rng, min(size, 5000)).encode())
        case _:
            return File(kind, "piece.json", hostile_records.hostile_json(rng, min(size, 20_000)))


def _send(folder: Path, seed: int, numbers: range, tell: Tell) -> None:
    forbidden: list[str] = []
    place = folder.resolve() / "file"
    sys.addaudithook(partial(_on_event, place, forbidden))
    for number in numbers:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        file = file_of(seed, number)
        forbidden.clear()
        _Hook.on = True
        started = time.process_time()
        refused, fault = outcome(file, place, random.Random(number))  # noqa: S311  # no secret
        seconds = time.process_time() - started
        _Hook.on = False
        fault = fault or (f"it made the program {forbidden[0]}" if forbidden else "") or executable(place)
        size = len(file.content)
        told = {"number": number, "kind": file.kind, "size": size, "refused": refused, "seconds": seconds}
        tell(json.dumps(told | {"fault": fault}))
    shutil.rmtree(place, ignore_errors=True)


class _Hook:
    on = False


def _on_event(place: Path, forbidden: list[str], event: str, arguments: tuple[Any, ...]) -> None:
    if not _Hook.on:
        return
    if event in FORBIDDEN_EVENTS:
        forbidden.append(f"{event} {str(arguments)[:80]}")
    elif event == "open" and isinstance(arguments[0], str) and isinstance(arguments[1], str):
        path, mode = arguments[0], arguments[1]
        if set(mode) & set("wax+") and not path.startswith((str(place), "/dev/null")):
            forbidden.append(f"write to {path}")


def outcome(file: File, place: Path, rng: random.Random) -> tuple[bool, str]:
    """Whether the file was refused in one sentence, and what was wrong, if anything was."""
    from verbosify.errors import VerbosifyError

    ways = {"record": record_way, "database": database_way, "corrected split": split_way}
    try:
        ways.get(file.kind, essay_way)(file, place, rng)
    except VerbosifyError as error:
        said = str(error)
        if "\n" in said.strip() or len(said) > 1500 or not said.strip():
            return True, f"it is refused in other than a sentence: {said[:200]!r}"
        return True, ""
    except BaseException as error:  # that is what we look for
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        return False, f"{type(error).__name__} at {where}: {str(error)[:200]}"
    return False, ""


def essay_way(file: File, place: Path, rng: random.Random) -> None:
    from verbosify.essay import essay_passages, essay_sentences, read_essay, write_essay

    path = place / file.name
    path.write_bytes(file.content)
    essay = read_essay(path)
    split = essay_sentences(essay)
    if not split:
        return
    passages = essay_passages(split)
    insertions = {passage.gap: rng.choice([*FRAGMENTS, *PROSE])[:300] for passage in passages}
    for suffix in ("md", "txt", "docx"):
        write_essay(essay, insertions, place / f"woven.{suffix}", note="A note.")
    read_essay(place / "woven.docx")
    if len(essay.text) <= LARGE and rng.random() < SHOWN:
        _piece_of(essay, place / "piece", rng)


def _piece_of(essay: Any, place: Path, rng: random.Random) -> None:
    """A piece of the essay, with hostile samples, picked and shown."""
    from verbosify.measures import measure_sample
    from verbosify.models.settings import SamplingSettings
    from verbosify.piece import BUILT_IN, Pick, Piece, Sample
    from verbosify.workflow import Options
    from verbosify.workflow.plan import make_plan

    options, model = Options(), cast(Any, _Model())
    plan = make_plan(essay, place, options)
    with Piece.open_or_create(place, plan.job(options, model.card), plan.passages) as piece:
        choice = {}
        for passage in piece.passages()[:40]:
            text = " " + rng.choice([*FRAGMENTS, *PROSE])[:500].replace("\0", "") + " It rained."
            measured = measure_sample(passage.text, text, [text[1:]], 0.5, [0.5]).to_dict()
            sample = Sample(index=0, token_ids=[1], text=text, finish="length", measures=measured)
            settings = SamplingSettings(n=1).to_dict()
            piece.add_batch(passage.index, [sample], settings=settings, overfit=None, seconds=0.1)
            kept = next(iter(piece.samples(passage.index)))
            piece.finish_passage(passage.index)
            choice[passage.index] = [Pick(kept.id, 1, len(text), text[1:])]
        piece.choose_reading("fluffy", choice, curator=BUILT_IN)
        _shown(piece, place)


def _shown(piece: Any, place: Path) -> None:
    from verbosify.piece import read_export, write_export
    from verbosify.site import build_site
    from verbosify.workflow.outputs import write_reading

    exported = write_export(piece)
    for reading in piece.readings()[:3]:
        write_reading(piece, reading, place)
    build_site([read_export(exported)], place / "site")


class _Model:
    """Enough of a model for a job: its card."""

    @property
    def card(self) -> Any:
        from tests.pieces import CARD
        from verbosify.models.protocol import ModelCard

        names = set(ModelCard.__dataclass_fields__)
        return ModelCard(**{key: value for key, value in CARD.items() if key in names})


def split_way(file: File, place: Path, rng: random.Random) -> None:
    """A corrected split, corrected by somebody who means harm."""
    from verbosify.essay import essay_from_text, essay_sentences, format_sentences, parse_sentences

    essay = essay_from_text(file.content.decode(), file.name)
    lines = format_sentences(essay, essay_sentences(essay)).split("\n")
    for _ in range(rng.randrange(1, 5)):
        number = rng.randrange(len(lines))
        match rng.randrange(4):
            case 0:
                del lines[number : number + 1]
                lines = lines or [""]
            case 1:
                lines[number] += "\n" + rng.choice(FRAGMENTS)
            case 2:
                half = len(lines[number]) // 2
                lines[number] = lines[number][:half] + "\n" + lines[number][half:]
            case _:
                lines[number : number + 2] = [" ".join(lines[number : number + 2])]
    parse_sentences("\n".join(lines), essay)


def record_way(file: File, place: Path, rng: random.Random) -> None:
    """Its pages, straight from the file; then a piece imported from it, exported and shown."""
    from verbosify.errors import VerbosifyError
    from verbosify.piece import import_piece, read_export
    from verbosify.site import build_site

    path = place / file.name
    path.write_bytes(file.content)
    data = read_export(path)
    with suppress(VerbosifyError):
        build_site([data], place / "site")
    _with_its_fingerprint(data)
    with import_piece(data, place / "piece") as piece:
        _shown(piece, place / "piece")


def _with_its_fingerprint(data: Any) -> None:
    """A record changed by hand bears another's fingerprint; with its own, more of it is put to the proof."""
    from tests.pieces import with_its_fingerprint

    with suppress(Exception):
        data |= with_its_fingerprint(data)


def database_way(file: File, place: Path, rng: random.Random) -> None:
    """A piece whose database has changed bytes."""
    from tests.browser.making import harbour
    from verbosify.piece import Piece, import_piece

    data = harbour()
    _with_its_fingerprint(data)
    import_piece(data, place / "piece").close()
    database = place / "piece" / "piece.db"
    database.write_bytes(hostile_texts.flipped(rng, database.read_bytes()))
    with Piece.open(place / "piece") as piece:
        _shown(piece, place / "piece")


def executable(place: Path) -> str:
    """What in the pages a browser would execute, or fetch from elsewhere; empty if nothing."""
    for path in sorted(place.rglob("*.html")):
        for found in dangers(path.read_bytes()):
            return f"{path.name} holds {found[:120]}"
    for path in place.rglob("*"):
        is_ours = path.suffix in {".html", ".txt", ".md"} and path.is_file()
        if is_ours and str(CANARY) in path.read_text(encoding="utf-8", errors="replace"):
            return f"{path.name} holds the result of a template"
    return ""


_FORBIDDEN_TAGS = {"iframe", "object", "embed", "base", "applet", "frame", "form", "foreignobject"}
_DATA = {"application/json", "application/ld+json"}
_ADDRESSES = {"href", "src", "action", "srcset"}


def dangers(page: bytes) -> Iterator[str]:
    """Each thing in an HTML page that a browser would execute, or be led away by; our own script is none."""
    from lxml import html

    for element in html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        attributes = {name.lower(): "".join(value.lower().split()) for name, value in element.attrib.items()}
        is_script = element.tag == "script" and attributes.get("type") not in _DATA
        is_ours = attributes.get("src", "").endswith("assets/page.js") and not (element.text or "").strip()
        if element.tag in _FORBIDDEN_TAGS or (is_script and not is_ours) or attributes.get("http-equiv") == "refresh":
            yield f"<{element.tag}> {element.text or ''}"
        for name, value in attributes.items():
            leads_away = value.replace("\0", "").startswith(("javascript:", "vbscript:", "data:"))
            is_picture = value.startswith(("data:image/", "data:font/"))
            if name.startswith("on") or (name in _ADDRESSES and leads_away and not is_picture):
                yield f"{name}={value}"
