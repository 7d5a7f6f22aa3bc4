"""What the schema leaves open may be missing or odd: every command does its work, or says why not in one sentence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.commands import Commands
from tests.pieces import with_its_fingerprint
from tests.speaking_model import ESSAY
from verbosify.errors import PieceError, VerbosifyError
from verbosify.essay import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.notebook import figures, frames
from verbosify.notebook.curator import Curator
from verbosify.notebook.exporting import export_reading, words_so_far
from verbosify.piece import Pick, Piece, export_piece, import_piece
from verbosify.site.building import site_files
from verbosify.site.record import Record
from verbosify.workflow import Options, replay, verbosify
from verbosify.workflow.plan import make_plan
from verbosify.workflow.scoring import score_picks

Change = Callable[[dict[str, Any]], None]
OPTIONS = Options(settings=SamplingSettings(n=2, length=12), most_samples=2, target=1.2)


def all_alike(texts: Any) -> NDArray[np.float32]:
    return np.ones((len(texts), 1), dtype=np.float32)


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, model: LanguageModel) -> dict[str, Any]:
    """The record of a piece with a pick of a sample, and one of the control."""
    folder = tmp_path_factory.mktemp("whole")
    verbosify(essay_from_text(ESSAY, "quay.md"), folder, OPTIONS, model=model, embed=all_alike, limit=1)
    with Piece.open(folder) as piece:
        for name, sample in zip(("base", "own"), (next(piece.samples(0)), list(piece.samples(0))[-1]), strict=True):
            piece.pick(name, 0, [Pick(sample.id, 0, len(sample.text), sample.text)], curator="Ada")
        return export_piece(piece)


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longest, and tell nothing that the pages do not."""
    monkeypatch.setattr("verbosify.site.building.lacking", lambda: "No pictures here.")


def put(path: str, *value: Any) -> Change:
    """Put a value at a path, or, without one, take away what is there; `*` stands for all rows."""

    def change(data: Any, names: list[str] | None = None) -> None:
        first, *rest = path.split(".") if names is None else names
        if first == "*":
            for row in data:
                change(row, rest)
        elif rest:
            change(data[first], rest)
        elif value:
            data[first] = copy.deepcopy(value[0])
        else:
            data.pop(first, None)

    return change


def imported(whole: dict[str, Any], change: Change, folder: Path) -> Piece:
    data = copy.deepcopy(whole)
    change(data)
    return import_piece(with_its_fingerprint(data), folder)


def told(piece: Piece, model: LanguageModel, folder: Path) -> dict[str, str]:
    """What each command says of a piece that it will not do; anything but a sentence fails the test."""
    said = {}
    works: dict[str, Callable[[], object]] = {
        "site": lambda: site_files([Record.checked(export_piece(piece))]),
        "score": lambda: score_picks(piece, model),
        "score where it was": lambda: score_picks(piece) if piece.job.options.get("model") is None else None,
        "replay": lambda: [replay(piece, sample.id, model=model) for sample in list(piece.samples())[::2]],
        "resume": lambda: make_plan(essay_from_text(ESSAY, "quay.md"), piece.folder, OPTIONS),
        "passages": lambda: frames.passages_frame(piece),
        "samples": lambda: frames.samples_frame(piece),
        "picks": lambda: frames.picks_frame(piece),
        "losses": lambda: figures.loss_figure(piece),
        "drift": lambda: [figures.drift_figure(sample) for sample in piece.samples()],
        "words": lambda: words_so_far(piece),
        "export": lambda: export_reading(piece, "own", folder / "out"),
        "curator": lambda: curated(piece, model),
    }
    for name, work in works.items():
        try:
            work()
        except VerbosifyError as error:
            said[name] = str(error)
            assert "\n" not in said[name]
            assert said[name].endswith(".")
            assert not said[name].startswith("This was not foreseen")
    return said


def curated(piece: Piece, model: LanguageModel) -> None:
    curator = Curator(piece, model, all_alike)
    curator.open_essay(opened=True)
    curator.hide([])
    curator.sort_by("similarity")
    curator.advise()
    for sample in curator.view["samples"][:1]:
        curator.pick(sample["id"])
        curator.undo()
    curator.reroll({"n": 1, "length": 2})


def all_of(*changes: Change) -> Change:
    def change(data: dict[str, Any]) -> None:
        for each in changes:
            each(data)

    return change


HARMLESS: dict[str, Change] = {
    "no options but the model and the recipe": all_of(
        *(put(f"job.{name}") for name in ("target", "seed", "settings", "splitter", "most_samples", "recipe.steps"))
    ),
    "options that are none": all_of(put("job.target", "twice"), put("job.settings", [1])),
    "no settings and no recipe": all_of(put("batches.*.settings", {}), put("overfits.*.recipe", {})),
    "half of the settings": all_of(*(put(f"batches.*.settings.{name}") for name in ("temperature", "top_p", "stops"))),
    "cards of what must be": all_of(
        *(put(f"{card}.{name}") for card in ("model", "batches.*.model") for name in ("licence", "family", "context")),
        put("batches.*.model.versions", {}),
    ),
    "no scores, diversity or levels": all_of(
        put("version", 1), put("scores"), put("batches.*.diversity", {}), put("essay.blocks.*.level"),
        put("log.*.detail", {"passage": [1]}),
    ),
    "an essay that is hardly one": all_of(
        put("essay.format", "odt"), put("essay.name", ""), put("essay.blocks.*.sentences", []),
        put("essay.blocks.*.level", "first"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_piece_without_a_field_that_may_be_missing_is_worked_on(
    change: Change, whole: dict[str, Any], model: LanguageModel, tmp_path: Path
) -> None:
    with imported(whole, change, tmp_path / "piece") as piece:
        assert {name: said for name, said in told(piece, model, tmp_path).items() if name != "drift"} == {}


@pytest.mark.parametrize("change", [put("job.model"), put("job", {}), put("job.model", ""), put("job.model", ["a"])])
def test_a_record_that_names_no_model_asks_for_it(change: Change, whole: dict[str, Any], tmp_path: Path) -> None:
    with imported(whole, change, tmp_path / "piece") as piece:
        for work in (score_picks, lambda piece: replay(piece, 1)):
            with pytest.raises(PieceError, match=r"^The record does not say where its model was: name it, or its"):
                work(piece)


@pytest.mark.parametrize("recipe", [[], [5]])
def test_a_record_that_tells_no_recipe_is_curated_but_draws_no_more(
    recipe: list[object], whole: dict[str, Any], model: LanguageModel, tmp_path: Path
) -> None:
    with imported(whole, put("job.recipe", *recipe), tmp_path / "piece") as piece:
        assert set(told(piece, model, tmp_path)) - {"drift"} == {"curator"}
        assert "does not say how it overfits" in told(piece, model, tmp_path)["curator"]


@pytest.mark.parametrize("name", ["words", "sentence_similarities"])
def test_a_measure_that_is_missing_is_named(
    name: str, whole: dict[str, Any], model: LanguageModel, tmp_path: Path
) -> None:
    with imported(whole, put(f"samples.*.measures.{name}"), tmp_path / "piece") as piece:
        said = told(piece, model, tmp_path)
        assert said["samples"].startswith(f"The recorded measures lack {name}: they must hold words, blank")
        assert {"site", "curator"} <= set(said) <= {"site", "samples", "drift", "curator", "export"}


TABLES = ("passages", "overfits", "batches", "samples", "scores", "opinions", "ratings", "picks", "log")
EMPTY: dict[str, Any] = {key: [] for key in TABLES}
EMPTY["readings"] = {}


@pytest.mark.parametrize("kept", [("passages",), ("log",), ()])
def test_a_piece_with_next_to_nothing_in_it_is_told_or_shown(
    kept: tuple[str, ...], whole: dict[str, Any], model: LanguageModel, tmp_path: Path
) -> None:
    rows = {name: value for name, value in EMPTY.items() if name not in kept}
    with imported(whole, lambda data: data.update(copy.deepcopy(rows)), tmp_path / "piece") as piece:
        said = told(piece, model, tmp_path)

    assert {"site", "score", "words", "passages", "samples", "picks"} & set(said) == set()
    if "passages" not in kept:
        assert "has no passages, so there is nothing to do" in said["resume"]
        assert "has no passages: there is nothing to curate" in said["curator"]


def test_an_essay_without_words_has_no_ratio(whole: dict[str, Any], tmp_path: Path) -> None:
    change = put("essay.blocks.*.kind", "aside")
    with imported(whole, change, tmp_path / "piece") as piece:
        assert words_so_far(piece)["ratio"] == 1.0


ODD: dict[str, Change] = {
    "settings.stops": put("batches.*.settings.stops", 5),
    "settings.temperature": put("batches.*.settings.temperature", "hot"),
    "settings.seed": put("batches.*.settings.seed", [1]),
    "recipe.learning_rate": put("overfits.*.recipe.learning_rate", None),
    "measures.similarity": put("samples.*.measures.similarity", "near"),
    "measures.sentence_similarities": put("samples.*.measures.sentence_similarities", 5),
    "a measure of tomorrow": put("samples.*.measures.novelty", 0.5),
    "a setting of tomorrow": put("batches.*.settings.min_p", 0.5),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_odd_values_are_sentences_at_worst(
    change: Change, whole: dict[str, Any], model: LanguageModel, tmp_path: Path
) -> None:
    with imported(whole, change, tmp_path / "piece") as piece:
        assert set(told(piece, model, tmp_path)) <= {"site", "replay", "score", "samples", "drift", "export", "curator"}


@pytest.fixture
def nameless(whole: dict[str, Any], tmp_path: Path) -> Path:
    """The folder of a piece that names no model."""
    imported(whole, put("job.model"), tmp_path / "piece").close()
    return tmp_path / "piece"


def test_the_commands_ask_for_the_model_and_take_it(nameless: Path, commands: Commands, speaking_model: Path) -> None:
    for command in (("score", nameless), ("replay", nameless, 1)):
        refused = commands.run(*command)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == "The record does not say where its model was: name it, or its folder, with --model.\n"
        assert commands.run(*command, "--model", speaking_model).code == 0
