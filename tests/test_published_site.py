"""The site in the repository is what its own record makes today."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from verbosify.piece import read_export
from verbosify.site import build_site
from verbosify.site.record import Record

SITE = Path(__file__).parent.parent / "site"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_our_published_piece_is_what_its_record_makes(tmp_path: Path) -> None:
    build_site([read_export(SITE / "piece.json")], tmp_path / "site")

    published, made = files_of(SITE), files_of(tmp_path / "site")
    assert published.keys() == made.keys()
    assert [name for name in made if made[name] != published[name] and name != "card.png"] == []
    # Another version of FreeType or of zlib draws and packs the same picture a little differently.
    pictures = [Image.open(folder / "card.png").convert("RGB") for folder in (SITE, tmp_path / "site")]
    assert pictures[0].size == pictures[1].size == (1200, 630)
    assert max(ImageStat.Stat(ImageChops.difference(*pictures)).mean) < 2


def test_it_was_curated_by_people_from_the_embedded_model() -> None:
    record = Record.checked(read_export(SITE / "piece.json"))

    assert record.piece.model["name"] == "smollm2-135m"
    assert record.first_reading.is_by_a_person
    assert len(record.first_reading.picks) == len(record.gaps)
    words = len(record.text.split("## References")[0].split())
    assert 1.9 <= (words + record.first_reading.words) / words <= 2.1
    scored = {pick.sample for _, pick in record.chosen(record.first_reading)}
    assert scored <= record.scores.keys()
