"""`verbosify gallery`."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from tests.commands import CHECKPOINTS, Call, Commands
from tests.galleries import OURS, write_pipelines
from tests.test_replies_command import address_of
from verbosify.exhibits.gallery.store import Gallery
from verbosify.exhibits.gallery.values import read_gallery


@pytest.fixture
def names(tmp_path: Path) -> Path:
    (tmp_path / "names.txt").write_text("MothLamp\nAnd/Or\n")
    write_pipelines(tmp_path / "how")
    return tmp_path / "names.txt"


def test_a_gallery_is_built_part_by_part_and_made_into_pages(call: Call, names: Path, speaking_model: Path) -> None:
    how = ("--model", speaking_model, "--pipelines", "how", "--out", "g")

    first = call("gallery", "build", names, *how, "--only", "description")
    second = call("gallery", "build", names, *how)
    site = call("gallery", "site", "g", "--address", "example.org")

    assert first.code == second.code == site.code == 0
    assert "2 of 2 names are built in g." in second.out
    assert site.out.strip() == "g/site/index.html"
    assert (names.parent / "g/site/sitemap.xml").is_file()
    assert len(read_gallery(names.parent / "g").entries) == 2
    again = call("gallery", "site", "g/site/gallery.json", "--out", "again")
    assert again.code == 0
    assert "sitemap" in again.err
    assert (names.parent / "again/all.html").read_bytes() == (names.parent / "g/site/all.html").read_bytes()


def test_what_is_wrong_is_one_sentence(call: Call, names: Path, speaking_model: Path) -> None:
    (names.parent / "latin.txt").write_bytes("Käse\n".encode("latin-1"))
    for arguments, said in [
        (("build", "nowhere.txt"), "nowhere.txt cannot be read"),
        (("build", names, "--only", "cover"), "is no part of an entry"),
        (("build", names, "--pipelines", "nowhere"), "description.toml cannot be read"),
        (("site", "nowhere"), "cannot be read"),
        (("curate", "nowhere", "--as", ""), "Who chooses"),
        (("serve", "nowhere", "--forbidden", "nothing.txt"), "nothing.txt cannot be read"),
        (("serve", "nowhere", "--forbidden", "latin.txt"), "latin.txt is not UTF-8"),
    ]:
        told = call("gallery", *arguments)
        assert told.code == 2, arguments
        assert said in told.err
        assert len(told.err.splitlines()) == 1


def test_names_that_lack_something_are_told_of(call: Call, names: Path, speaking_model: Path) -> None:
    code = names.parent / "how" / "code.toml"
    code.write_text(
        code.read_text().replace("modules = []", "modules = [], inputs = []").replace(', inputs = ["module"]', "")
    )

    told = call("gallery", "build", names, "--model", speaking_model, "--pipelines", "how", "--out", "g")

    assert told.code == 1
    assert "MothLamp has no code: None of" in told.err
    assert "imports mothlamp" in told.err
    assert "0 of 2 names are built in g." in told.out


def test_it_is_served_until_it_is_told_to_stop(
    commands: Commands, call: Call, names: Path, speaking_model: Path
) -> None:
    how = ("--model", speaking_model, "--pipelines", names.parent / "how")
    call("gallery", "build", names, *how, "--out", "g")
    (names.parent / "words.txt").write_text("# not these\nrot\n")
    folder = names.parent / "g"
    for command, expected in (
        (("serve", folder, *how, "--forbidden", names.parent / "words.txt"), "Copy link"),
        (("curate", folder, *how, "--as", "Grace"), "Grace"),
    ):
        running = commands.start("gallery", *command, "--port", 0)
        assert expected in httpx.get(address_of(running), timeout=120).text
        running.send(signal.SIGINT)
        assert running.wait().code in (0, 130)
    with Gallery.in_folder(folder) as gallery:
        assert len(gallery.entries()) == 2


@pytest.mark.embedded
def test_the_embedded_model_describes_a_model_and_uses_it(call: Call, tmp_path: Path) -> None:
    """The real thing, as we publish it: SmolLM2-135M and our pipelines, but that code is asked for once, in four answers."""
    (tmp_path / "names.txt").write_text("Tin Whistle\n")
    (tmp_path / "how").mkdir()
    shutil.copy(OURS / "description.toml", tmp_path / "how")
    code = (
        (OURS / "code.toml").read_text().replace("\nn = 10\n", "\nn = 4\n").replace("\nrounds = 3\n", "\nrounds = 1\n")
    )
    (tmp_path / "how" / "code.toml").write_text(code)
    model = CHECKPOINTS / "smollm2-135m"

    built = call("gallery", "build", "names.txt", "--model", model, "--pipelines", "how", "--seed", 2)

    (entry,) = read_gallery(tmp_path / "gallery").entries if built.code == 0 else [None]
    if entry is None:  # code may be refused thrice; a description is not
        with Gallery.in_folder(tmp_path / "gallery") as gallery:
            assert gallery.entry("Tin Whistle").description is not None
        assert "has no code" in built.err
        return
    assert entry.description.text.startswith("Tin Whistle is a")
    assert re.search(r"[.!?][”\"']?$", entry.description.text)
    assert entry.code is not None
    compile(entry.code.text, "<generated>", "exec")
    assert entry.description.passed >= 6
    assert entry.code.text.startswith("from tinwhistle import TinWhistle\n")
