"""Numbers of the record in words: settings, losses, measures, totals. Knows the vocabulary, and no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from verbosify.piece import Batch, Opinion, Overfit, Pick
from verbosify.site.record import Reading, Record

Values = Mapping[str, Any]
Facts = list[tuple[str, str]]

_RECIPES = {
    "repeat": "the passage repeated until the window was full",
    "once": "the passage once",
    "original": "windows at random places of the passage repeated",
}
_SETTINGS = (
    ("temperature", "temperature"),
    ("top_k", "top-k"),
    ("top_p", "top-p"),
    ("min_p", "min-p"),
    ("typical_p", "typical-p"),
    ("repetition_penalty", "repetition penalty"),
    ("repetition_range", "of the last tokens"),
    ("repetition_slope", "its slope"),
    ("frequency_penalty", "frequency penalty"),
    ("presence_penalty", "presence penalty"),
    ("num_beams", "beams"),
    ("least_length", "tokens at least"),
    ("length", "tokens at most"),
    ("n", "samples a batch"),
    ("seed", "seed"),
)
_NEUTRAL = {"top_p": 1, "repetition_penalty": 1}


def count(number: int) -> str:
    """1,298"""
    return f"{number:,}"


def number(value: object) -> str:
    """A number as short as it may be; other values as they are."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_facts(settings: Values) -> Facts:
    """The sampling settings that were not left neutral, by name."""
    facts = [
        (label, number(settings[key]))
        for key, label in _SETTINGS
        if key in settings and settings[key] != _NEUTRAL.get(key)
    ]
    for key, label in (("stops", "stops at"), ("banned_strings", "never says")):
        strings = settings.get(key)
        if strings and isinstance(strings, list):
            facts.append((label, ", ".join(map(repr, strings))))
    return facts


def recipe_words(recipe: Values) -> str:
    """`classic: the passage repeated until the window was full, 1 step, learning rate 0.0001`"""
    name = str(recipe.get("name", "unnamed"))
    told = [_RECIPES.get(str(recipe.get("window")), "")]
    if "steps" in recipe:
        told.append(f"{recipe['steps']} step{'s' * (recipe['steps'] != 1)}")
    if "learning_rate" in recipe:
        told.append(f"learning rate {number(recipe['learning_rate'])}")
    if "strength" in recipe:
        told.append(f"strength {number(recipe['strength'])}")
    return ": ".join(filter(None, [name, ", ".join(filter(None, told))]))


def overfit_facts(overfit: Overfit) -> Facts:
    """How the model was overfitted, and what that did to its loss on the passage."""
    return [
        ("recipe", recipe_words(overfit.recipe)),
        ("loss on the passage", f"{overfit.loss_before:.2f} → {overfit.loss_after:.2f} nats a token"),
    ]


def batch_words(batch: Batch) -> str:
    """`2: 6 of 10 copied, so top-k 80`"""
    words = str(batch.number + 1)
    return f"{words}: {batch.reason}" if batch.reason else words


MEASURES = (
    "closeness to the passage",
    "sentence by sentence",
    "longest run copied",
    "five-word runs copied",
    "four-word runs repeated",
    "opens by contradicting",
    "cut off by the limit",
    "new to the model",
    "likelier than the essay's prose",
    "leads to the next sentence",
    "least expected stretch",
)


def measure_values(measures: Values, opinion: Opinion | None = None) -> list[str]:
    """What was measured of a sample, in the order of `MEASURES`, empty where there is nothing to tell.

    `opinion` is the fresh model's, if it was asked; without one its measures are left out.
    """
    similarities = measures.get("sentence_similarities")
    similarities = similarities if isinstance(similarities, list) else []
    copied = measures.get("copied_words")
    return [
        _rounded(measures.get("similarity")),
        " ".join(map(_rounded, similarities)) if len(similarities) > 1 else "",
        "" if copied is None else f"{copied} word{'s' * (copied != 1)}",
        _percent(measures.get("copied_share")),
        _percent(measures.get("repetition")),
        "yes" if measures.get("reversal") else "",
        "yes" if measures.get("cut_off") else "",
        *(
            [f"{opinion.information:.0f} nats", _nats(opinion.fluency), _nats(opinion.flow), _nats(opinion.surprise)]
            if opinion
            else []
        ),
    ]


def measure_facts(measures: Values, opinion: Opinion | None = None) -> Facts:
    """What was measured of a sample, by name."""
    return [(name, value) for name, value in zip(MEASURES, measure_values(measures, opinion), strict=False) if value]


def _nats(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f} nats a token"


def _rounded(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else ""


def _percent(value: object) -> str:
    return f"{value:.0%}" if isinstance(value, int | float) else ""


def badges(measures: Values, opinion: Opinion | None = None) -> tuple[str, ...]:
    """The badges a sample earned, by its measures and by the fresh model's opinion; none if it was not measured."""
    from verbosify.measures import OFF_ITS_RAILS, Measures, is_off_its_rails

    derailed = opinion is not None and is_off_its_rails(opinion.surprise)
    return (*(Measures.from_dict(dict(measures)).badges() if measures else ()), *([OFF_ITS_RAILS] if derailed else ()))


def fate(record: Record, pick: Pick) -> str:
    """Whether a pick was kept whole, trimmed, or edited by hand."""
    raw = record.samples[pick.sample].text
    if pick.edited:
        return "edited by hand"
    return "kept whole" if pick.text.strip() == raw.strip() else "trimmed"


def curator_words(reading: Reading) -> str:
    """Who chose the sentences of a reading."""
    if not reading.picks:
        return "nobody, since none is shown"
    names = [
        "the built-in curator, a program" if kind == "built-in" else f"{name}, by hand"
        for name, kind in reading.curators
    ]
    return _listed(names) or "somebody the record does not name"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def totals(record: Record) -> Facts:
    """What the whole work took."""
    candidates = sum(len(record.samples_at(gap)) for gap in record.gaps)
    chosen = {pick.sample for reading in record.readings for _, pick in record.chosen(reading)}
    seconds = sum(row.seconds for row in record.overfits.values())
    seconds += sum(row.seconds for row in record.batches.values())
    facts = [
        ("passages, each with a gap after it", count(len(record.passages))),
        ("overfits", count(len(record.overfits))),
        ("samples", count(candidates)),
        ("samples used in some reading", count(len(chosen))),
        ("time of the model", duration(seconds)),
    ]
    controls = len(record.samples) - candidates
    if controls:
        facts.insert(3, ("more from the model left fresh, to compare with", count(controls)))
    return facts


def duration(seconds: float) -> str:
    """2 h 5 min, 3 min 20 s, 12 s"""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def model_facts(model: Values) -> Facts:
    """The model's card."""
    facts = [("model", str(model["name"]))]
    if model.get("family"):
        facts.append(("family", str(model["family"])))
    if isinstance(model.get("parameters"), int):
        facts.append(("parameters", count(model["parameters"])))
    if model.get("licence"):
        facts.append(("licence", str(model["licence"])))
    facts += [
        ("weights, SHA-256", str(model["weights_sha256"])),
        ("engine", str(model["engine"])),
        ("ran on", f"{model['device']}, {model['dtype']}, {model['threads']} thread{'s' * (model['threads'] != 1)}"),
        ("with", ", ".join(f"{name} {version}" for name, version in sorted(model["versions"].items()))),
    ]
    return [fact for fact in facts if fact[1]]


def origin_facts(record: Record, pick: Pick) -> Facts:
    """Where a pick came from."""
    sample = record.samples[pick.sample]
    batch = record.batches[sample.batch]
    overfit = record.overfits.get(batch.overfit or 0)
    return [
        ("model", str(batch.model["name"])),
        *(overfit_facts(overfit) if overfit else [("recipe", "none: the model left fresh")]),
        *settings_facts(batch.settings),
        ("batch", batch_words(batch)),
        ("sample", f"{sample.id}, number {sample.index + 1} of its batch"),
        *measure_facts(sample.measures, record.opinions.get(sample.id)),
    ]


def shared_facts(record: Record) -> Facts:
    """What holds for every pick of every reading, in order; nothing if there is no pick."""
    origins = [origin_facts(record, pick) for reading in record.readings for _, pick in record.chosen(reading)]
    return [fact for fact in origins[0] if all(fact in facts for facts in origins)] if origins else []
