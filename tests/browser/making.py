"""Pieces for the tests of the site, built from sentences in the shape of piece.json. No model wrote them, and none is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

CARD: dict[str, Any] = {
    "name": "no-model",
    "family": "none",
    "engine": "written by hand for a test",
    "weights_sha256": "00" * 32,
    "parameters": 0,
    "context": 1024,
    "device": "cpu",
    "dtype": "float32",
    "threads": 1,
    "licence": "MIT",
    "versions": {"python": "3.11"},
}
RECIPE = {"name": "passage", "window": "once", "steps": 1, "learning_rate": 1e-4}
SETTINGS = {
    "n": 3,
    "length": 100,
    "temperature": 0.8,
    "top_k": 30,
    "top_p": 1.0,
    "repetition_penalty": 1.0,
    "stops": [],
    "seed": 7,
}
TIME = "2024-05-01T12:00:00.000Z"


def measures(text: str, *, similarity: float | None = 0.5, **changes: Any) -> dict[str, Any]:
    """Measures of a sample with nothing to complain of."""
    words = len(text.split())
    return {
        "words": words,
        "blank": words == 0,
        "copied_words": 1,
        "copied_start": None,
        "copied_end": None,
        "copied_share": 0.0,
        "repeated_sentences": 0,
        "repetition": 0.0,
        "loop_start": None,
        "similarity": similarity,
        "sentence_similarities": [],
        "reversal": False,
        "cut_off": False,
        "passage_bleu": 0.01,
        "passage_edit_distance": 0.9,
    } | changes


def piece(
    blocks: Sequence[str | Sequence[str]],
    say: Callable[[int], Sequence[str]],
    *,
    title: str = "A test",
    form: str = "md",
    choose: Mapping[str, Callable[[int], Sequence[tuple[int, int | None]]]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A piece.json.

    Args:
        blocks: a list of sentences is a paragraph; a text is a heading if it starts with `#`, else verbatim.
        say: the samples of a gap, by its index.
        choose: for each reading, what stands at a gap: (which of its samples from 0, characters kept or all) each.
    """
    rows: list[dict[str, Any]] = []
    passages: list[dict[str, Any]] = []
    text = ""
    for block in blocks:
        text += "\n\n" if text else ""
        start = len(text)
        sentences: list[dict[str, Any]] = []
        if isinstance(block, str):
            text += block
        else:
            for sentence in block:
                text += " " if sentences else ""
                sentences.append({"start": len(text), "end": len(text) + len(sentence), "text": sentence})
                text += sentence
            for last in range(min(2, len(block) - 1), len(block)):
                first = max(0, last - 2)
                passages.append(
                    {
                        "index": len(passages),
                        "block": len(rows),
                        "first": first,
                        "last": last,
                        "start": sentences[first]["start"],
                        "end": sentences[last]["end"],
                        "text": " ".join(block[first : last + 1]),
                        "gap": sentences[last]["end"],
                        "finished": TIME,
                    }
                )
        heading = isinstance(block, str) and block.startswith("#")
        rows.append(
            {
                "kind": "heading" if heading else "verbatim" if isinstance(block, str) else "paragraph",
                "start": start,
                "end": len(text),
                "level": len(block) - len(block.lstrip("#")) if isinstance(block, str) and heading else 0,
                "sentences": sentences,
            }
        )
    overfits: list[dict[str, Any]] = []
    batches: list[dict[str, Any]] = []
    samples: list[dict[str, Any]] = []
    for gap in range(len(passages)):
        overfits.append(
            {
                "id": gap + 1, "passage": gap, "recipe": RECIPE, "loss_before": 3.71, "loss_after": 2.15, "window_loss": 3.71,
                "window_tokens": 80, "seconds": 0.8, "model": CARD, "created": TIME,
            }
        )  # fmt: skip
        said = say(gap)
        batches.append(
            {
                "id": gap + 1, "passage": gap, "number": 0, "overfit": gap + 1, "model": CARD,
                "settings": SETTINGS | {"seed": gap, "n": len(said)}, "reason": "first batch", "diversity": {}, "seconds": 2.0, "created": TIME,
            }
        )  # fmt: skip
        for index, row in enumerate(said):
            samples.append(
                {
                    "id": len(samples) + 1, "batch": gap + 1, "index": index, "token_ids": [1, 2, 3], "text": row,
                    "finish": "length", "measures": measures(row),
                }
            )  # fmt: skip
    made = {
        "format": "verbosify/piece",
        "version": 1,
        "title": title,
        "created": TIME,
        "software": {"verbosify": "0.1.0"},
        "job": {"target": 2.0},
        "fingerprint": "ab" * 32,
        "model": CARD,
        "essay": {"name": f"test.{form}", "format": form, "text": text, "source_base64": None, "blocks": rows},
        "passages": passages,
        "overfits": overfits,
        "batches": batches,
        "samples": samples,
        "scores": [],
        "picks": [],
        "readings": {},
        "log": [],
    }
    for name, choice in (choose or {}).items():
        read(made, name, choice)
    return made | changes


def read(
    piece: dict[str, Any],
    name: str,
    choice: Callable[[int], Sequence[tuple[int, int | None]]],
    curator: str = "verbosify",
) -> None:
    """Add a reading to a piece, with its events."""
    gaps = {}
    for passage in piece["passages"]:
        gap = passage["index"]
        offered = [sample for sample in piece["samples"] if sample["batch"] == gap + 1]
        picks = []
        for which, kept in choice(gap):
            raw = offered[which]["text"]
            start = len(raw) - len(raw.lstrip())
            end = len(raw.rstrip()) if kept is None else kept
            picks.append(
                {"sample": offered[which]["id"], "start": start, "end": end, "text": raw[start:end], "edited": False}
            )
        if picks:
            gaps[str(gap)] = picks
            number = len(piece["picks"]) + 1
            piece["picks"].append(
                {
                    "id": number, "act": number, "reading": name, "gap": gap, "action": "chosen", "picks": picks, "sample": None,
                    "target": None, "curator": curator, "curator_kind": "built-in" if curator == "verbosify" else "person",
                    "reason": "", "created": TIME,
                }
            )  # fmt: skip
    added = sum(len(pick["text"].split()) for picks in gaps.values() for pick in picks)
    piece["readings"][name] = {"words_added": added, "gaps": gaps}


def harbour() -> dict[str, Any]:
    """A small piece with everything in it: markup, a list, a table, readings of a program and of a person."""
    blocks = [
        "# The harbour",
        [
            "Rain fell on the *harbour* all morning.[1]",
            "Nobody had mended the clock since 1974, when the tower was struck.",
            "A heron stood on the “wall” – waiting.",
            "The tide took an hour to turn.",
        ],
        "## Evening",
        [
            "Then the lamps came on.",
            "We counted them **twice, and lost count. Again",
            "we began at the pier** and agreed on forty.",
        ],
        "- nets\n- [rope](https://example.org/rope)\n- [tar](javascript:alert(1))\n\n| boat | length |\n| --- | --: |\n| Ada | 7 m |",
        ["One boat was missing."],
        "## References",
        "1. *Almanac of the harbour*, 1974.",
    ]
    said = [
        " The clock stood still and the gulls went on without it. The harbour master kept his own time. He never told",
        " Rain is a kind of clock too. It counts in drops and never strikes.",
        " Nothing in the harbour moved that morning but the water.",
        "\nNote: a harbour",
    ]
    made = piece(
        blocks,
        lambda gap: [
            f"{text} {gap} boats came in at number {gap}." if number == 2 else text for number, text in enumerate(said)
        ],
        title="The harbour",
        choose={
            "fluffy": lambda gap: [(gap % 2, None if gap else 56)],
            "strange": lambda gap: [(2, None)] if gap != 1 else [],
        },
    )
    read(made, "by hand", lambda gap: [(0, 56), (1, 29)] if gap == 0 else [], curator="Ada")
    edit = made["readings"]["by hand"]["gaps"]["0"][1]
    edit |= {"text": "Rain is a clock, too.", "edited": True}
    made["readings"]["by hand"]["words_added"] = sum(
        len(pick["text"].split()) for pick in made["readings"]["by hand"]["gaps"]["0"]
    )
    middle = made["readings"]["strange"]["gaps"]["0"][0]  # its second sentence alone
    middle["start"] = middle["text"].index("0 boats") + 1
    middle["text"] = middle["text"][middle["start"] - 1 :]
    made["readings"]["strange"]["words_added"] -= 10
    made["samples"][2]["measures"] = measures(said[2], similarity=0.1, copied_words=9)
    made["samples"][3]["measures"] = measures(said[3], similarity=0.2, cut_off=True)
    return made


def scored() -> dict[str, Any]:
    """The harbour with probabilities for the tokens of its first sample."""
    made = harbour()
    tokens = [f" {word}" for word in made["samples"][0]["text"].split()]
    scores = [0.9 ** (number + 1) for number in range(len(tokens))]
    tokens[-1] += made["samples"][0]["text"][len("".join(tokens)) :]
    base = [score**9 for score in scores]
    made["scores"] = [{"sample": 1, "tokens": tokens, "base": base, "overfitted": scores, "created": TIME}]
    return made


HOSTILE = [
    '<script>window.hacked = 1</script> <img src=x onerror="window.hacked = 1"> stands here.',
    "</script></title></style><!-- <svg onload=window.hacked=1> ]]> &lt;b&gt; &amp; {{ 7 * 7 }} {% raw %} ends.",
    "\u202eThis runs backwards\u202d and\u2066 is never closed.",
    "Zero\u200bwidth\u200djoin\ufeffers and a \u00adsoft hyphen meet \u2028line\u2029separators.",
    "W" + "o" * 10_000 + "rd.",
    "هذه جملة بالعربية وفيها word واحدة.",
    "他说了一句话。她没有回答。",
    "Emoji 👩‍👩‍👧‍👦 and flags 🇺🇳 and 𝔐𝔞𝔱𝔥 stay whole.",
    "[a](javascript:window.hacked=1) ![b](https://example.org/b.png) <https://example.org> `</code>` stay text.",
    "'\"--> =x onfocus=window.hacked=1 autofocus `${window.hacked=1}` \\u003cscript> ends here.",
]


def hostile(form: str = "md") -> dict[str, Any]:
    """A piece in which everything that anybody wrote is out to break the page."""
    blocks = [f"# {HOSTILE[0]}", HOSTILE[:4], HOSTILE[4:7], HOSTILE[7:], f"```\n{HOSTILE[1]}\n```", HOSTILE[0]]
    made = piece(
        blocks,
        lambda gap: [f" {text} And so on." for text in HOSTILE],
        title=f"{HOSTILE[0]} {HOSTILE[2]}",
        form=form,
        choose={"fluffy": lambda gap: [(gap, None)], "strange": lambda gap: [((gap + 5) % 10, None)]},
    )
    read(made, HOSTILE[1][:70], lambda gap: [(2, None)], curator=HOSTILE[0])
    name = "<b>model</b>\u202e"
    card = CARD | {"name": name, "licence": "</dd><script>window.hacked=1</script>"}
    for row in (*made["overfits"], *made["batches"]):
        row["model"] = card
    for row in made["batches"]:
        row["reason"] = HOSTILE[0]
    return made | {"model": card}


def long_piece(gaps: int, candidates: int, words: int = 18) -> dict[str, Any]:
    """A piece of made-up words with that many gaps and candidates for each, which compresses no better than prose."""
    chance = Random(gaps)  # noqa: S311 - a test, not a secret
    known = [
        "".join(chance.choice("bcdfglmnprstvw") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))
        for _ in range(4000)
    ]

    def sentence(length: int) -> str:
        said = [chance.choice(known) for _ in range(length)]
        return f"{' '.join(said).capitalize()}."

    blocks: list[str | list[str]] = ["# A long piece"]
    blocks += [[sentence(words + 7) for _ in range(min(6, gaps - done) + 2)] for done in range(0, gaps, 6)]
    return piece(
        blocks,
        lambda gap: [
            f" {sentence(words)} {sentence(words)} {sentence(words)} {sentence(9)[:-1]}" for _ in range(candidates)
        ],
        title="A long piece",
        choose={
            "fluffy": lambda gap: [(gap % candidates, None)],
            "strange": lambda gap: [((gap + 1) % candidates, None)],
        },
    )
