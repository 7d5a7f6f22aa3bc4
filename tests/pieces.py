"""Small pieces for tests: made from plain values, as the store takes them."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

from verbosify.piece import BUILT_IN, Job, Opinion, Overfit, Passage, Pick, Piece, Rating, Sample
from verbosify.piece.checking import check
from verbosify.piece.export import fingerprints, job_of
from verbosify.record.database import closed_on_error

ROOT = Path(__file__).parent.parent

SENTENCES = [
    "Rain fell on the harbour.",
    "Nobody had mended the clock.",
    "A heron stood on the “wall” – waiting.",
    "The tide took an hour to turn.",
    "Then the lamps came on 🏮.",
    "We counted them twice.",
]
TEXT = " ".join(SENTENCES)
CARD: dict[str, Any] = {
    "name": "smollm2-135m",
    "family": "llama",
    "engine": "torch",
    "weights_sha256": "5e" * 32,
    "parameters": 134_515_008,
    "context": 8192,
    "device": "cpu",
    "dtype": "float32",
    "threads": 2,
    "licence": "Apache-2.0",
    "versions": {"torch": "2.13.0", "transformers": "5.23.0"},
}
OPTIONS: dict[str, Any] = {
    "model": "smollm2-135m",
    "recipe": {"name": "classic", "window": "repeat", "learning_rate": 1e-4},
    "settings": {"n": 10, "temperature": 0.8, "top_k": 30},
    "target": 2.0,
    "seed": 2**63 - 1,
}


def spans() -> list[tuple[int, int]]:
    """Start and end of every sentence of `TEXT`."""
    starts = [TEXT.index(sentence) for sentence in SENTENCES]
    return [(start, start + len(sentence)) for start, sentence in zip(starts, SENTENCES, strict=True)]


def make_job(**changes: Any) -> Job:
    sentences = [
        {"start": start, "end": end, "text": text} for (start, end), text in zip(spans(), SENTENCES, strict=True)
    ]
    block = {"kind": "paragraph", "start": 0, "end": len(TEXT), "level": None, "sentences": sentences}
    values = {
        "title": "The harbour",
        "essay_name": "harbour.md",
        "essay_format": "md",
        "essay_text": TEXT,
        "essay_blocks": [block],
        "options": OPTIONS,
        "model": CARD,
    }
    return Job(**(values | changes))


def make_passages() -> list[Passage]:
    """Four passages of three sentences."""
    places = spans()
    return [
        Passage(
            index=index,
            block=0,
            first=index,
            last=index + 2,
            start=places[index][0],
            end=places[index + 2][1],
            text=TEXT[places[index][0] : places[index + 2][1]],
            gap=places[index + 2][1],
        )
        for index in range(4)
    ]


def make_overfit(**changes: Any) -> Overfit:
    values = {
        "recipe": OPTIONS["recipe"],
        "loss_before": 3.71,
        "loss_after": 2.64,
        "window_loss": 3.5,
        "window_tokens": 1024,
        "seconds": 5.25,
        "model": CARD,
    }
    return Overfit(**(values | changes))


def make_samples(count: int = 3, **changes: Any) -> list[Sample]:
    values: dict[str, Any] = {
        "token_ids": [11, 48_000, 0],
        "finish": "length",
        "measures": {"copied": 0.25, "blank": False},
    }
    return [
        Sample(**{"index": index, "text": f" Sample {index} went on. And on, “é”", **values, **changes})
        for index in range(count)
    ]


def add_batch(piece: Piece, passage: int = 0, count: int = 3) -> list[Sample]:
    """Record a batch as a run does; the samples as they are in the record."""
    batch = piece.add_batch(
        passage,
        make_samples(count),
        settings=OPTIONS["settings"],
        overfit=make_overfit(),
        seconds=2.5,
        reason="first batch",
        diversity={"distinct": 0.9},
    )
    return [sample for sample in piece.samples(passage) if sample.batch == batch.id]


def make_piece(folder: Path, batches: int = 1) -> Piece:
    """A piece with four passages and `batches` batches of three samples for each."""
    with closed_on_error(Piece.open_or_create(folder, make_job(), make_passages())) as piece:
        for passage in range(4):
            for _ in range(batches):
                add_batch(piece, passage)
    return piece


def make_full_piece(folder: Path) -> Piece:
    """A piece with something of everything: control batch, picks, undo, redo, pins, finished passages, a log."""
    piece = make_piece(folder, batches=2)
    piece.note("started", passages=4)
    piece.add_batch(0, make_samples(), settings={}, overfit=None, seconds=0, model=CARD | {"threads": 8})
    whole = {gap: [Pick(s.id, 0, len(s.text), s.text) for s in piece.samples(gap)] for gap in range(4)}
    piece.choose_reading("fluffy", {gap: picks[:1] for gap, picks in whole.items()}, curator=BUILT_IN)
    piece.choose_reading("sparse", dict.fromkeys(range(4), ()), curator=BUILT_IN)
    piece.pick("own – é", 1, [Pick(whole[1][0].sample, 1, 18, "Sample 0 went on.", edited=True)], curator="Ada")
    piece.pick("own – é", 1, [], curator="Ada", action="cleared")
    piece.undo("own – é", curator="Ada")
    piece.undo("fluffy", curator="Ada")
    piece.redo("fluffy", curator="Ada")
    piece.pin(3, curator="Ada")
    first, second = whole[2][0].sample, whole[2][1].sample
    piece.add_opinions(
        [
            Opinion(sample=first, start=1, end=18, information=31.5, fluency=0.25, surprise=6.5, flow=-0.125),
            Opinion(sample=second, start=1, end=18, information=29.0, fluency=-0.5, surprise=5.0, flow=None),
        ]
    )
    answers = {"fluent": True, "on topic": True, "keeps the meaning": False, "keep": False}
    piece.add_rating(Rating(rater="Ada", sample=first, start=1, end=18, other=[], answers=answers))
    piece.add_rating(
        Rating(rater="Ada", sample=first, start=1, end=18, other=[second, 1, 18], answers={"better": "second"})
    )
    piece.finish_passage(2)
    return piece


def put(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `data` with the value at `path` (keys with dots between them) replaced."""
    changed = copy.deepcopy(data)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = changed
    for key in way:
        place = place[key]
    place[last] = value
    return changed


def with_its_fingerprint(data: dict[str, Any]) -> dict[str, Any]:
    """The content of a piece.json that was changed, with the fingerprint of what it is now."""
    values = check(data | {"fingerprint": "0" * 64})
    return data | {"fingerprint": fingerprints(job_of(values), values.passages)[0]}


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process, which can import the package and this module."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *arguments: object) -> str:
    """What another process prints; the test fails if it does."""
    process = start_python(code, *arguments)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output
