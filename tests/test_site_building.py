"""A site on disk: which files, the same bytes, one piece or several, quickly."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.making import harbour, hostile, long_piece, piece
from verbosify.errors import OutputError, PieceError
from verbosify.piece.checking import check
from verbosify.piece.export import parts_of
from verbosify.site import build_site
from verbosify.site.published import published

ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parent.parent)}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_one_piece_is_the_site_itself(tmp_path: Path) -> None:
    written = build_site([harbour()], tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        "index.html", "strange.html", "by-hand.html", "sparse.html", "made.html", "card.png", "piece.json",
        "fluffy.txt", "strange.txt", "by-hand.txt", "sparse.txt", "assets/page.css", "assets/page.js", "assets/icon.svg",
        "assets/fonts/OFL-EB-Garamond.txt", "assets/fonts/OFL-Ysabeau.txt", "assets/fonts/arrows.woff2",
        "assets/fonts/human.woff2", "assets/fonts/human-italic.woff2", "assets/fonts/machine.woff2",
        "assets/fonts/machine-bold.woff2",
    }  # fmt: skip
    assert set(files_of(tmp_path)) == {str(path.relative_to(tmp_path)) for path in written}


def test_several_pieces_get_a_folder_each_and_an_index(tmp_path: Path) -> None:
    pieces = [harbour(), harbour(), harbour() | {"title": "Assets"}, harbour() | {"title": "漢"}]
    written = {
        str(path.relative_to(tmp_path)) for path in build_site(pieces, tmp_path, address="https://example.org/x")
    }
    assert {
        "index.html",
        "the-harbour/index.html",
        "the-harbour-2/made.html",
        "assets-2/card.png",
        "piece/piece.json",
    } <= written
    assert b"https://example.org/x/the-harbour-2/card.png" in (tmp_path / "the-harbour-2/index.html").read_bytes()
    assert {"the-harbour-2/index.html", "assets-2/index.html", "piece/index.html"} <= written


def test_the_record_lies_beside_the_page_and_reads_back(tmp_path: Path) -> None:
    build_site([hostile()], tmp_path)
    assert json.loads((tmp_path / "piece.json").read_bytes()) == dict(parts_of(published(check(hostile()))))


def test_the_same_piece_makes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps(harbour()))
    code = (
        "import json, pathlib, sys; from verbosify.site import build_site; "
        "build_site([json.loads(pathlib.Path(sys.argv[1]).read_text())], pathlib.Path(sys.argv[2]))"
    )
    for out, seed in (("one", "1"), ("two", "2")):
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "in.json", tmp_path / out],
            check=True,
            env=ENVIRONMENT | {"PYTHONHASHSEED": seed},
        )
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_no_model_code_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.browser.making import harbour; from verbosify.site import build_site; from pathlib import Path; "
        "build_site([harbour()], Path(sys.argv[1])); "
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'transformers') or name.startswith('verbosify.models')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], check=True, capture_output=True, cwd=Path(__file__).parent.parent
    )
    assert done.stdout.strip() == b"[]"


def test_no_piece_and_a_wrong_piece_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(PieceError, match=r"^There is no piece"):
        build_site([], tmp_path / "out")
    with pytest.raises(PieceError):
        build_site([harbour(), {"format": "other"}], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError, match=r"choose another folder"):
        build_site([harbour()], tmp_path / "out")


def test_a_page_of_forty_gaps_and_ten_candidates_is_light(tmp_path: Path) -> None:
    build_site([long_piece(40, 10)], tmp_path)
    text = sum(
        len(gzip.compress((tmp_path / name).read_bytes()))
        for name in ("index.html", "assets/page.css", "assets/page.js")
    )
    faces = sum(path.stat().st_size for path in (tmp_path / "assets/fonts").glob("*.woff2"))
    assert faces <= 80_000
    assert text + faces <= 250_000


def test_a_long_piece_is_carried_whole(tmp_path: Path) -> None:
    made = long_piece(500, 3)

    build_site([made], tmp_path)

    page = (tmp_path / "index.html").read_text()
    assert len(made["passages"]) >= 500
    assert all(passage["text"][:40] in page for passage in made["passages"][:: len(made["passages"]) // 10])


def test_a_piece_without_any_sample_has_a_site(tmp_path: Path) -> None:
    build_site([piece([["One sentence."]], lambda gap: [])], tmp_path)
    assert b"No word of it was generated." in (tmp_path / "index.html").read_bytes()
