"""The page of findings and its figures: drawn from the committed tables alone, always the same, and up to date."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from tests.commands import CHECKPOINTS, ROOT, Call
from verbosify.errors import RecordError
from verbosify.models.loading import load_model
from verbosify.studies import read_study, study_names
from verbosify.studies.claims import CLAIMS
from verbosify.studies.figures import as_svg, lines
from verbosify.studies.findings import drawings_of, read_tables, write_findings
from verbosify.studies.planted import BADGES, KINDS, detections, planted_samples, planted_table
from verbosify.studies.summaries import summary
from verbosify.studies.tables import read_table, write_table

PAGE = ROOT / "docs" / "findings.md"
TABLES = ROOT / "docs" / "findings" / "tables"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, drawn anew."""
    page = tmp_path_factory.mktemp("docs") / "findings.md"
    write_findings(TABLES, page, ROOT / "benchmarks" / "ratings.json")
    return page


def test_the_page_is_what_the_tables_say(drawn: Path) -> None:
    assert drawn.read_text() == PAGE.read_text(), "run `make study`"


def test_the_figures_are_what_the_tables_say(drawn: Path) -> None:
    import matplotlib as mpl

    made = sorted(path.name for path in drawn.with_suffix("").iterdir())
    assert made == sorted(path.name for path in PAGE.with_suffix("").iterdir() if path.is_file())
    for name in made:
        there, new = PAGE.with_suffix("") / name, drawn.with_suffix("") / name
        same_version = f"Matplotlib v{mpl.__version__}," in there.read_text()
        if name.endswith(".csv") or same_version:  # another version draws the same otherwise
            assert new.read_text() == there.read_text(), f"{name}: run `make study`"


def test_a_figure_says_what_it_shows_to_those_who_cannot_see_it(drawn: Path) -> None:
    figures = sorted(drawn.with_suffix("").glob("*.svg"))
    assert len(figures) == 9
    for path in figures:
        root = ElementTree.fromstring(path.read_text())  # noqa: S314  # our own
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert root.get("role") == "img"
        assert title is not None
        assert len(title.text or "") > 60
        assert path.with_suffix(".csv").is_file()
        assert f"![{title.text}](findings/{path.name})" in PAGE.read_text()


def test_a_figure_has_no_colour(drawn: Path) -> None:
    for path in drawn.with_suffix("").glob("*.svg"):
        for colour in re.findall(r"#[0-9a-f]{6}", path.read_text()):
            assert colour[1:3] == colour[3:5] == colour[5:7], f"{path.name} uses {colour}"


def test_every_claim_has_its_verdict_and_its_command_on_the_page() -> None:
    page = PAGE.read_text()
    for claim in CLAIMS:
        assert re.search(rf"\| {re.escape(claim.said)} \| {re.escape(claim.told)} \|.*\*\*[a-z ]+\*\*", page)
        assert f"## {claim.figure.capitalize()}\n" in page
        assert f"`verbosify study run {claim.study}`" in page


@pytest.mark.parametrize("name", study_names())
def test_the_committed_tables_are_whole(name: str) -> None:
    study, table = read_study(name), read_table(TABLES, name)
    cells = study.cells()
    assert len(table) == sum(cell.settings.n * len(cell.lengths) for cell in cells)
    assert set(table["place"]) == {cell.place for cell in cells}
    assert set(table["training"]) == set(study.trainings)


def test_the_planted_cases_are_detected_as_the_page_says() -> None:
    told = {each.kind: each for each in detections(read_table(TABLES, "planted"))}
    assert set(told) == set(KINDS)
    for kind in ("looped", "copied"):
        assert told[kind].precision > 0.95
        assert told[kind].recall > 0.95
    assert told["off topic"].recall > 0.7
    assert told["off topic"].false_alarms < 0.15
    assert told["reversed"].precision > 0.95  # what it finds is one; it finds about half
    assert told["incoherent"].recall > 0.9
    assert told["incoherent"].false_alarms < 0.1
    page = PAGE.read_text()
    for each in told.values():
        assert f"| {each.kind} | {each.badge} | {each.precision:.2f} | {each.recall:.2f} |" in page


def test_the_planted_table_is_made_anew(speaking_model: Path, embed: object, monkeypatch: pytest.MonkeyPatch) -> None:
    some = planted_samples()[:12]
    assert {sample.kind for sample in some} == {"sound", *KINDS}
    monkeypatch.setattr("verbosify.studies.planted.planted_samples", lambda: some)
    model = load_model(speaking_model, precision="fp32", device="cpu")
    table = planted_table(model, embed)  # type: ignore[arg-type]
    assert list(table["kind"]) == [sample.kind for sample in some]
    committed = read_table(TABLES, "planted").head(12)
    for badge in filter(None, BADGES.values()):
        assert list(table[badge]) == list(committed[badge])
    assert (table["fluency"] < 0).all()


def write_one(folder: Path) -> None:
    """One table, in a folder of its own."""
    about = {"model": {"name": "m", "parameters": 1, "dtype": "d", "device": "cpu"}}
    write_table(folder, "size", read_table(TABLES, "size"), about)


def test_studies_that_are_there_are_drawn_alone(tmp_path: Path) -> None:
    write_one(tmp_path)
    assert list(drawings_of(read_tables(tmp_path))) == ["size"]
    with pytest.raises(RecordError, match="holds no table"):
        read_tables(tmp_path / "nowhere")


def test_the_same_data_makes_the_same_figure() -> None:
    data = summary(read_table(TABLES, "size"), ["looped"], ["training", "size"])
    one, other = (as_svg(lines("a", data, "size", "sentences", "A figure.")) for _ in range(2))
    assert one == other
    drawing = lines("a", data, "size", "sentences", "<A figure>")
    assert "&lt;A figure&gt;" in drawing._repr_svg_()


def test_the_command_draws_the_page(call: Call, tmp_path: Path) -> None:
    write_one(tmp_path / "page" / "tables")
    said = call("study", "draw", tmp_path / "page.md")
    assert said.code == 0, said.err
    assert said.out.split() == [str(tmp_path / "page" / "size.svg"), str(tmp_path / "page.md")]
    page = (tmp_path / "page.md").read_text()
    assert "Passages of four sentences are worse than of three." in page
    assert "In short" not in page
    refused = call("study", "draw", tmp_path / "other.md")
    assert refused.code == 2
    assert "holds no table" in refused.err


def test_the_command_for_planted_samples_writes_their_table(
    call: Call, speaking_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = planted_samples()[:6]
    monkeypatch.setattr("verbosify.studies.planted.planted_samples", lambda: some)
    said = call("study", "planted", "--model", speaking_model, "--out", tmp_path, "--device", "cpu")
    assert said.code == 0, said.err
    assert isinstance(read_table(tmp_path, "planted"), pd.DataFrame)
    assert (CHECKPOINTS / "minilm").is_dir()
