"""One passage with its samples, as plain values for a browser to show. Reads a piece, writes nothing; knows no widget.

Only what is on the screen is told: one passage at a time, whatever the size of the piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verbosify.measures import OFF_ITS_RAILS, Measures, is_off_its_rails
from verbosify.notebook.picking import sentence_ends, suggested_end, words_of
from verbosify.piece import Batch, Passage, Pick, Piece, Sample
from verbosify.piece.reading_state import Line
from verbosify.words import plain_words
from verbosify.workflow.visit import BY_HAND

FRESH = "fresh base"
BADGES = ("copied", "looped", "drifted", "reversal", "cut off", OFF_ITS_RAILS, "blank", FRESH)
"""What samples may be hidden for: the badges of their measures, and that no overfit made them."""
ORDERS = {
    "drawn": "as drawn",
    "similarity": "closest first",
    "-similarity": "farthest first",
    "-copied": "least copied first",
    "-repetition": "least repeated first",
    "words": "longest first",
    "picked": "picked first",
}
"""How samples may be sorted, and what that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of a passage to show: the order, the badges whose samples are hidden, and whether earlier samples are in."""

    order: str = "drawn"
    hidden: tuple[str, ...] = (FRESH,)
    earlier: bool = False


def passage_view(piece: Piece, passages: Sequence[Passage], gap: int, line: Line, shown: Shown) -> dict[str, Any]:
    """What the browser needs to show the passage before `gap` and its samples."""
    passage = passages[gap]
    batches = {batch.id: batch for batch in piece.batches(gap)}
    samples = list(piece.samples(gap))
    event = line.standing.get(gap)
    picks = {pick.sample: (order, pick) for order, pick in enumerate(event.picks if event else (), start=1)}
    pinned, derailed = piece.pinned(), off_their_rails(piece, gap)
    # Samples before those that a person asked for step back.
    latest = max((batch.id for batch in batches.values() if batch.reason.startswith(BY_HAND)), default=0)
    rows = [
        _sample(
            sample,
            number,
            batches[sample.batch],
            picks.get(sample.id),
            pinned=sample.id in pinned,
            surprise=derailed.get(sample.id),
        )
        for number, sample in enumerate(samples, start=1)
    ]
    stepped_back = [row for row in rows if row["batch"] < latest and not (row["pick"] or row["pinned"])]
    rows = rows if shown.earlier else [row for row in rows if row not in stepped_back]
    visible = [row for row in rows if row["pick"] or row["pinned"] or not set(row["badges"]) & set(shown.hidden)]
    return {
        "index": gap,
        "count": len(passages),
        "finished": passage.finished is not None,
        "paragraph": _paragraph(piece, passages, passage, line),
        "decision": _decision(line, gap),
        "decided": len(line.standing),
        "samples": sorted(visible, key=lambda row: _rank(row, shown.order)),
        "filtered": len(rows) - len(visible),
        "earlier": len(stepped_back),
        "undo": bool(line.done),
        "redo": bool(line.undone),
    }


def off_their_rails(piece: Piece, passage: int | None = None) -> dict[int, float]:
    """The samples of a passage (or of all) that went off their rails, and the surprise of their worst stretch."""
    worst: dict[int, float] = {}
    for opinion in piece.opinions(passage):
        worst[opinion.sample] = max(opinion.surprise, worst.get(opinion.sample, 0.0))
    return {sample: surprise for sample, surprise in worst.items() if is_off_its_rails(surprise)}


def added_words(line: Line) -> int:
    """Words that the picks of a reading add to the essay."""
    return sum(plain_words(pick.text) for event in line.standing.values() for pick in event.picks)


def _sample(
    sample: Sample,
    number: int,
    batch: Batch,
    pick: tuple[int, Pick] | None,
    *,
    pinned: bool,
    surprise: float | None,
) -> dict[str, Any]:
    measures = Measures.from_dict(sample.measures)
    ends = sentence_ends(sample.text)
    return {
        "id": sample.id,
        "number": number,
        "batch": batch.id,
        "why": batch.reason,
        "settings": settings_words(batch.settings),
        "badges": ({} if batch.overfit else {FRESH: "drawn before overfitting, for comparison"})
        | {name: _because(name, measures) for name in measures.badges()}
        | (
            {}
            if surprise is None
            else {OFF_ITS_RAILS: f"the fresh model found a stretch of it unlikely, at {surprise:.1f} nats a token"}
        ),
        "words": _words(sample.text),
        "ends": list(ends),
        "suggested": suggested_end(sample),
        "drift": measures.drift_cut(),
        "pinned": pinned,
        "pick": None
        if pick is None
        else {
            "order": pick[0],
            "start": pick[1].start,
            "end": pick[1].end,
            "edited": pick[1].edited,
            "text": pick[1].text,
        },
        "count": measures.words,
        "similarity": measures.similarity,
        "copied": measures.copied_share,
        "repetition": measures.repetition,
    }


def _words(text: str) -> list[list[Any]]:
    """Each word as what stands before it, the word, its start and its end, in Python's own offsets."""
    words = []
    before = 0
    for start, end in words_of(text):
        words.append([text[before:start], text[start:end], start, end])
        before = end
    return words


def _because(badge: str, measures: Measures) -> str:
    """Why a sample wears a badge, in a clause."""
    share, repetition = measures.copied_share or 0.0, measures.repetition or 0.0
    return {
        "copied": f"{measures.copied_words} words in a row and {share:.0%} of its five-word runs stand in the passage",
        "looped": f"{measures.repeated_sentences} sentences and {repetition:.0%} of its four-word runs come again",
        "drifted": f"its closeness to the passage is {measures.similarity or 0:.2f}",
        "reversal": "it opens by taking back what was said",
        "cut off": "it ends inside a sentence",
        "blank": "it says nothing",
    }[badge]


def settings_words(settings: Mapping[str, Any]) -> str:
    """The settings that matter, in a few words."""
    top_k, top_p = settings.get("top_k") or 0, settings.get("top_p", 1)
    said = f"temperature {_number(settings.get('temperature', 0))}, {f'top-k {top_k}' if top_k else 'all tokens'}"
    return said + (f", top-p {_number(top_p)}" if top_p != 1 else "")


def _number(value: object) -> str:
    """A number as short as it may be; whatever else a record holds, as it is."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def essay_view(piece: Piece, passages: Sequence[Passage], line: Line) -> list[dict[str, Any]]:
    """The whole essay with the reading woven in: its blocks, each with its kind and its stretches."""
    job = piece.job
    return [
        {"kind": block["kind"], "stretches": _woven(block["sentences"], _gaps(passages, number), line)}
        if block["sentences"]
        else {"kind": block["kind"], "stretches": [_prose(job.essay_text[block["start"] : block["end"]])]}
        for number, block in enumerate(job.essay_blocks)
    ]


def _paragraph(piece: Piece, passages: Sequence[Passage], passage: Passage, line: Line) -> list[dict[str, Any]]:
    """The passage's paragraph in stretches, with the passage, its gap and what stands there marked."""
    sentences = piece.job.essay_blocks[passage.block]["sentences"]
    return _woven(sentences, _gaps(passages, passage.block), line, passage)


def _woven(
    sentences: Sequence[Mapping[str, Any]], gaps: Mapping[int, int], line: Line, passage: Passage | None = None
) -> list[dict[str, Any]]:
    """The writer's sentences, and what stands in the reading after each."""
    stretches: list[dict[str, Any]] = []
    for number, sentence in enumerate(sentences):
        inside = passage is not None and passage.first <= number <= passage.last
        stretches.append({"kind": "passage", "text": sentence["text"]} if inside else _prose(sentence["text"]))
        gap = gaps.get(number)
        here = passage is not None and gap == passage.index
        event = line.standing.get(gap) if gap is not None else None
        stretches += [
            {"kind": "pick" if here else "other", "text": pick.text} for pick in (event.picks if event else ())
        ]
        if here:
            stretches.append({"kind": "gap", "text": ""})
    return stretches


def _prose(text: str) -> dict[str, Any]:
    return {"kind": "prose", "text": text}


def _gaps(passages: Sequence[Passage], block: int) -> dict[int, int]:
    """The gap after each sentence of a block that ends a passage."""
    return {passage.last: passage.index for passage in passages if passage.block == block}


def _decision(line: Line, gap: int) -> str:
    event = line.standing.get(gap)
    if event is None:
        return "undecided"
    return f"{len(event.picks)} picked" if event.picks else "none"


def _rank(row: Mapping[str, Any], order: str) -> float:
    """The place of a sample in an order; samples that were not measured come last."""
    if order == "drawn":
        return float(row["number"])
    if order == "picked":
        return float(row["pick"]["order"]) if row["pick"] else 1e9
    value = row["count"] if order == "words" else row[order.removeprefix("-")]
    if value is None:
        return 1e9
    return float(value) if order.startswith("-") else -float(value)
