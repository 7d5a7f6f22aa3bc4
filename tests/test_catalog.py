from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import tiny_gguf, tiny_gpt2
from tests.web_server import Site, serving
from tests.wheel_maker import make_wheel
from verbosify.errors import ModelError
from verbosify.models.formats.openai import write_openai_checkpoint
from verbosify.models.loading import load_model
from verbosify.models.store import catalog
from verbosify.models.store.catalog import (
    checkpoints_folder,
    get_model,
    list_models,
    locate_model,
    model_name,
    weights_sha256,
)
from verbosify.models.store.entries import Bucket, Entry, RemoteFile
from verbosify.models.store.provenance import read_provenance
from verbosify.models.store.wheels import Wheel

PROJECT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoints folder of the test's own."""
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server with OpenAI's files of the tiny GPT-2."""
    with serving() as site:
        yield site


def entry(name: str, source: Wheel | Bucket, weights: str | None = None) -> Entry:
    return Entry(
        name=name, licence="MIT", parameters=1, size=1000, source=source, weights_sha256=weights, note="for tests"
    )


@pytest.fixture
def gpt2(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A catalogue of one GPT-2, on the web server."""
    write_openai_checkpoint(tmp_path / "openai", tiny_gpt2.checkpoint())
    site.add_folder(tmp_path / "openai", "/gpt2")
    files = tuple(RemoteFile(path.name) for path in sorted((tmp_path / "openai").iterdir()))
    made = entry("tiny", Bucket(f"{site.url}/gpt2", files))
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": made})
    return made


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A wheel that holds a small GGUF file, where pip looks for it; and a catalogue of that."""
    tiny_gguf.write_gguf(tmp_path / "tiny.gguf")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    made = make_wheel(tmp_path / "shelf", {"sample/tiny.gguf": (tmp_path / "tiny.gguf").read_bytes()})
    monkeypatch.setattr(catalog, "CATALOG", {"llama": entry("llama", made)})
    return made


def plain_wheel(tmp_path: Path) -> Wheel:
    """A wheel of a model that needs no conversion, where pip looks for it."""
    from safetensors.numpy import save

    content = save(dict(tiny_gpt2.checkpoint().tensors))
    return make_wheel(tmp_path / "shelf", {"sample/model.safetensors": content, "sample/config.json": b"{}"})


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


# --- where ---------------------------------------------------------------------------------------------------------


def test_the_environment_says_where_checkpoints_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", "~/weights")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert checkpoints_folder() == tmp_path / "weights"


@pytest.mark.parametrize("below", [".", "docs", "notebooks", "verbosify/models"])
def test_in_our_own_checkout_they_are_in_it(monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    monkeypatch.delenv("VERBOSIFY_CHECKPOINTS")
    monkeypatch.chdir(PROJECT / below)

    assert checkpoints_folder() == PROJECT / "checkpoints"


@pytest.mark.parametrize(
    ("pyproject", "package"),
    [
        ("", None),
        ('[project]\nname = "art"\ndependencies = ["verbosify"]\n', None),
        ('[project]\nname = "verbosify"\n', None),  # the name alone is anyone's
        ('[project]\nname = "verbosify"\n', "verbosify/__init__.py"),
        (None, "verbosify/models/store/catalog.py"),  # as where packages are installed
    ],
)
def test_the_checkpoints_of_another_project_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pyproject: str | None, package: str | None
) -> None:
    monkeypatch.delenv("VERBOSIFY_CHECKPOINTS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "art" / "checkpoints").mkdir(parents=True)
    (tmp_path / "art" / "notebooks").mkdir()
    if pyproject is not None:
        (tmp_path / "art" / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    if package is not None:
        (tmp_path / "art" / package).parent.mkdir(parents=True)
        (tmp_path / "art" / package).touch()
    monkeypatch.chdir(tmp_path / "art" / "notebooks")

    assert not checkpoints_folder().is_relative_to(tmp_path / "art")


def test_a_strangers_project_within_our_checkout_is_passed_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VERBOSIFY_CHECKPOINTS")
    ours = tmp_path / "ours"
    (ours / "verbosify" / "models" / "store").mkdir(parents=True)
    (ours / "verbosify" / "models" / "store" / "catalog.py").touch()
    for project in (ours, ours / "theirs"):
        (project / "checkpoints").mkdir(parents=True)
        (project / "pyproject.toml").touch()
    monkeypatch.chdir(ours / "theirs")

    assert checkpoints_folder() == ours / "checkpoints"


def test_elsewhere_they_are_in_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VERBOSIFY_CHECKPOINTS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "checkpoints").mkdir()  # without a project around it
    monkeypatch.chdir(tmp_path)

    folder = checkpoints_folder()

    assert folder.parts[-2:] == ("verbosify", "checkpoints")
    assert folder != tmp_path / "checkpoints"


# --- list and locate -----------------------------------------------------------------------------------------------


def test_a_list_says_what_is_on_disk(gpt2: Entry) -> None:
    before = list_models()
    folder = get_model("tiny")
    after = list_models()
    (folder / "vocab.bpe").unlink()

    assert [(status.name, status.on_disk, status.size) for status in before] == [("tiny", False, 1000)]
    record = read_provenance(folder)
    assert record is not None
    assert after[0].on_disk
    assert after[0].size == sum(file.size for file in record.files.values())
    assert (after[0].licence, after[0].source, after[0].note) == ("MIT", gpt2.source_text, "for tests")
    assert not list_models()[0].on_disk


def test_a_model_that_is_not_here_is_told_with_the_command_that_fetches_it(gpt2: Entry) -> None:
    with pytest.raises(ModelError, match="run `verbosify models get tiny` to fetch it"):
        locate_model("tiny")


def test_a_model_that_is_here_is_located(gpt2: Entry) -> None:
    folder = get_model("tiny")

    assert locate_model("tiny") == folder


def test_a_located_model_that_was_changed_is_refused(gpt2: Entry) -> None:
    folder = get_model("tiny")
    (folder / "vocab.bpe").write_text("#version: 0.2\n")

    with pytest.raises(ModelError, match=r"vocab\.bpe is missing or not what it was.*verbosify models get tiny"):
        locate_model("tiny")


def test_weights_of_another_kind_in_a_models_place_are_refused(gpt2: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    get_model("tiny")
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": replace(gpt2, weights_sha256="00" * 32)})

    with pytest.raises(ModelError, match="holds other weights than those of tiny"):
        locate_model("tiny")


def test_a_folder_is_located_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"anything")
    monkeypatch.chdir(tmp_path)

    assert locate_model("mine") == Path("mine")
    assert locate_model(tmp_path / "mine") == tmp_path / "mine"
    assert locate_model(str(tiny_gpt2.FOLDER)) == tiny_gpt2.FOLDER


def test_a_path_object_is_never_taken_for_a_name(gpt2: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tiny_gpt2.FOLDER, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)

    assert locate_model(Path("tiny")) == Path("tiny")
    assert locate_model("./tiny") == Path("tiny")
    with pytest.raises(ModelError, match="verbosify models get"):
        locate_model("tiny")


@pytest.mark.parametrize("name", ["weights.bin", "model.pt", "model.pth", "model.pkl", "model.ckpt"])
def test_a_pickle_is_never_located(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")

    with pytest.raises(ModelError, match="a pickle, which can run any code and is never loaded"):
        locate_model(tmp_path / name)
    with pytest.raises(ModelError, match=f"{name}, a pickle, which can run any code and is never loaded"):
        locate_model(tmp_path)


def test_what_is_no_model_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    with pytest.raises(ModelError, match="is a file: name the folder"):
        locate_model(tmp_path / "notes.txt")
    with pytest.raises(ModelError, match="holds no weights"):
        locate_model(tmp_path)
    with pytest.raises(ModelError, match="There is no model and no folder 'smollm3': choose one of smollm2-135m, "):
        locate_model("smollm3")


def test_a_model_is_fetched_and_located_by_another_name(gpt2: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": replace(gpt2, aliases=("gpt2", "124M"))})

    folder = get_model("GPT_2")

    assert folder == checkpoints_folder() / "tiny"
    assert locate_model("gpt2") == locate_model("124m") == locate_model("tiny") == folder
    assert [model_name(name) for name in ("tiny", "gpt2", "124m", "./gpt2")] == ["tiny", "tiny", "tiny", "./gpt2"]
    assert load_model("gpt-2").card.name == "tiny"


def test_a_folder_goes_before_another_name_and_after_the_catalogues_own(
    gpt2: Entry, tiny_gpt2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": replace(gpt2, aliases=("gpt2",))})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.copytree(tiny_gpt2, "gpt2")
    shutil.copytree(tiny_gpt2, "tiny")
    fetched = get_model("gpt2")  # to fetch is to mean the catalogue

    assert locate_model("gpt2") == Path("gpt2")
    assert model_name("gpt2") == "gpt2"
    assert locate_model("tiny") == fetched
    assert locate_model("./tiny") == locate_model(Path("tiny")) == Path("tiny")


def test_an_empty_folder_called_like_a_model_is_told_how_to_have_the_model(
    gpt2: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": replace(gpt2, aliases=("gpt2",))})
    (tmp_path / "gpt2").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(
        ModelError, match=r"^gpt2 holds no weights: .*; or write tiny for the model of the catalogue\.$"
    ):
        locate_model("gpt2")


@pytest.mark.parametrize(("name", "said"), [("gtp2", r"hub \(did you mean gpt2-124m\?\)\.$"), ("llama", r"hub\.$")])
def test_a_misspelt_name_is_told_the_likeliest(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        get_model(name)


def test_a_git_lfs_pointer_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")

    with pytest.raises(ModelError, match="git lfs pull"):
        locate_model(tmp_path)


# --- from a web server ---------------------------------------------------------------------------------------------


def test_a_gpt2_is_fetched_checked_and_recorded(gpt2: Entry, site: Site, home: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    folder = get_model("tiny", progress=lambda *state: told.append(state))

    record = read_provenance(folder)
    assert folder == home / "tiny"
    assert visible(home) == ["tiny"]
    assert record is not None
    assert (record.name, record.licence, record.source) == ("tiny", "MIT", f"{site.url}/gpt2")
    assert record.weights_sha256 == weights_sha256(tiny_gpt2.FOLDER) == weights_sha256(folder)
    assert set(record.files) == {path.removeprefix("/gpt2/") for path in site.pages}
    assert {label for label, _, _ in told} == set(record.files)


def test_a_model_that_is_here_is_not_fetched_again(gpt2: Entry, site: Site) -> None:
    first = get_model("tiny")
    asked = len(site.asked)

    assert get_model("tiny") == first
    assert len(site.asked) == asked


def test_a_damaged_file_alone_is_fetched_again_and_must_be_what_it_was(gpt2: Entry, site: Site) -> None:
    folder = get_model("tiny")
    good = (folder / "vocab.bpe").read_bytes()
    status = (folder / "vocab.bpe").stat()
    (folder / "vocab.bpe").write_bytes(good[::-1])
    os.utime(folder / "vocab.bpe", ns=(status.st_atime_ns, status.st_mtime_ns))  # as a failing disk would
    (folder / "encoder.json").unlink()
    site.asked.clear()

    get_model("tiny")

    assert sorted(path for path, _ in site.asked) == ["/gpt2/encoder.json", "/gpt2/vocab.bpe"]
    assert (folder / "vocab.bpe").read_bytes() == good
    assert locate_model("tiny") == folder


def test_a_file_that_changed_at_its_source_is_not_taken_for_the_one_first_seen(gpt2: Entry, site: Site) -> None:
    folder = get_model("tiny")
    (folder / "vocab.bpe").unlink()
    site.pages["/gpt2/vocab.bpe"] += b"#"

    with pytest.raises(ModelError, match=r"vocab\.bpe is not the file expected"):
        get_model("tiny")
    with pytest.raises(ModelError, match="is missing or not what it was"):
        locate_model("tiny")


def test_a_download_that_does_not_hold_together_is_refused_and_started_anew(
    gpt2: Entry, site: Site, home: Path
) -> None:
    good = site.pages["/gpt2/model.ckpt.data-00000-of-00001"]
    site.pages["/gpt2/model.ckpt.data-00000-of-00001"] = good[:-1] + b"x"

    with pytest.raises(ModelError, match="fails its checksum"):
        get_model("tiny")
    assert visible(home) == []

    site.pages["/gpt2/model.ckpt.data-00000-of-00001"] = good
    assert locate_model(get_model("tiny").name) == home / "tiny"


def test_files_put_there_by_hand_are_taken_once_they_are_found_sound(
    gpt2: Entry, site: Site, home: Path, tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "openai", home / "tiny")

    folder = get_model("tiny")

    assert site.asked == []
    assert locate_model("tiny") == folder


def test_files_put_there_by_hand_that_are_not_sound_are_left_alone(gpt2: Entry, home: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "openai", home / "tiny")
    (home / "tiny" / "vocab.bpe").unlink()

    with pytest.raises(ModelError, match=r"vocab\.bpe is missing or not tiny's"):
        get_model("tiny")

    assert (home / "tiny" / "encoder.json").is_file()


def test_files_put_there_by_hand_must_have_the_known_sums(
    gpt2: Entry, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tmp_path / "openai", home / "tiny")
    source = Bucket("http://127.0.0.1", (RemoteFile("vocab.bpe", sha256="00" * 32),))
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": replace(gpt2, source=source)})

    with pytest.raises(ModelError, match=r"vocab\.bpe is missing or not tiny's"):
        get_model("tiny")


def test_a_name_that_is_not_in_the_catalogue_cannot_be_fetched() -> None:
    with pytest.raises(ModelError, match=r"no model called 'gpt5' to fetch: choose one of smollm2-135m, "):
        get_model("gpt5")


def test_a_place_that_cannot_be_written_is_named(gpt2: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "file"))

    with pytest.raises(ModelError, match=r"file.* cannot be read or written"):
        get_model("tiny")


def test_a_full_disk_is_noticed_first(gpt2: Entry, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(PROJECT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=999))

    with pytest.raises(ModelError, match="of free disk"):
        get_model("tiny")

    assert site.asked == []


# --- from a wheel --------------------------------------------------------------------------------------------------


def test_a_wheel_is_fetched_converted_and_cleared_away(wheel: Wheel, home: Path) -> None:
    folder = get_model("llama")

    assert visible(home) == ["llama"]
    assert visible(folder) == [
        "config.json",
        "model.safetensors",
        "source.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert locate_model("llama") == folder


def test_what_was_fetched_is_kept_where_one_wants_it(wheel: Wheel, tmp_path: Path) -> None:
    get_model("llama", keep=tmp_path / "kept")

    assert visible(tmp_path / "kept") == sorted(["tiny.gguf", wheel.filename])
    assert (tmp_path / "kept" / "tiny.gguf").read_bytes() == (tmp_path / "tiny.gguf").read_bytes()


def test_a_wheel_that_needs_no_conversion_is_unpacked(
    wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = plain_wheel(tmp_path)
    monkeypatch.setattr(catalog, "CATALOG", {"plain": entry("plain", plain)})

    folder = get_model("plain", keep=tmp_path / "kept")

    assert visible(folder) == ["config.json", "model.safetensors", "source.json"]
    assert visible(tmp_path / "kept") == [plain.filename]


def test_a_damaged_conversion_is_made_again(wheel: Wheel, home: Path) -> None:
    folder = get_model("llama")
    record = read_provenance(folder)
    (folder / "model.safetensors").write_bytes(b"")

    get_model("llama")

    assert read_provenance(folder).weights_sha256 == record.weights_sha256  # type: ignore[union-attr]
    assert locate_model("llama") == folder
    assert visible(home) == ["llama"]


def test_weights_that_came_out_otherwise_than_the_catalogue_says_are_refused(
    wheel: Wheel, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "CATALOG", {"llama": entry("llama", wheel, weights="00" * 32)})

    with pytest.raises(ModelError, match="The weights of llama came out with the SHA-256"):
        get_model("llama")

    assert "llama" not in visible(home)


def test_a_folder_made_by_other_means_is_left_alone(wheel: Wheel, home: Path) -> None:
    (home / "llama").mkdir(parents=True)
    (home / "llama" / "model.safetensors").write_bytes(b"mine")

    with pytest.raises(ModelError, match="was put there by other means"):
        get_model("llama")

    assert (home / "llama" / "model.safetensors").read_bytes() == b"mine"


def test_without_the_packages_to_convert_nothing_is_fetched(
    wheel: Wheel, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "gguf" else find_spec(name))

    with pytest.raises(
        ModelError, match=r"llama needs the package gguf: run `pip install 'verbosify-studio\[torch\]'`"
    ):
        get_model("llama")

    assert visible(home) == []


# --- killed, and two at once ---------------------------------------------------------------------------------------

PROGRAM = """
import pickle, sys
from verbosify.models.store import catalog
entry, halt_at = pickle.loads(bytes.fromhex(sys.argv[1])), sys.argv[2]
catalog.CATALOG = {entry.name: entry}
def progress(label, done, total):
    print(label, done, total, flush=True)
    if halt_at and label.startswith(halt_at):
        sys.stdin.readline()
catalog.get_model(entry.name, progress=progress)
print("got it", flush=True)
"""


@pytest.fixture
def start() -> Iterator[Callable[[Entry, str], subprocess.Popen[str]]]:
    """Start another process that gets the model, and halts where its progress begins with some word."""
    import pickle

    started: list[subprocess.Popen[str]] = []

    def start(entry: Entry, halt_at: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, pickle.dumps(entry).hex(), halt_at],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return
    pytest.fail(f"the other process never said {word!r}")


def test_a_killed_conversion_is_begun_again(wheel: Wheel, home: Path, start: Any) -> None:
    process = start(catalog.CATALOG["llama"], "converting")
    read_until(process, "converting")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert visible(home) == [".llama.partial"]
    with pytest.raises(ModelError, match="verbosify models get llama"):
        locate_model("llama")

    get_model("llama")

    assert visible(home) == ["llama"]
    assert locate_model("llama") == home / "llama"


def test_a_killed_download_is_gone_on_with(gpt2: Entry, site: Site, home: Path, start: Any) -> None:
    process = start(gpt2, "model.ckpt.data")
    read_until(process, "model.ckpt.data")
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = [path for path, _ in site.asked]
    assert visible(home) == [".tiny.partial"]
    site.asked.clear()

    get_model("tiny")

    assert visible(home) == ["tiny"]
    assert not {path for path, _ in site.asked} & set(before[:-1])
    assert locate_model("tiny") == home / "tiny"


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n" * 1000)
    process.stdin.flush()


def test_of_two_processes_one_fetches_and_the_other_waits(gpt2: Entry, site: Site, home: Path, start: Any) -> None:
    first = start(gpt2, "checkpoint")
    read_until(first, "checkpoint")
    second = start(gpt2, "")
    read_until(second, "waiting for another process to fetch tiny")

    go_on(first)
    read_until(first, "got it")
    read_until(second, "got it")

    assert sorted(path for path, _ in site.asked) == sorted(site.pages)
    assert visible(home) == ["tiny"]


def test_when_the_process_that_fetches_is_killed_the_one_that_waits_takes_over(
    gpt2: Entry, home: Path, start: Any
) -> None:
    first = start(gpt2, "checkpoint")
    read_until(first, "checkpoint")
    second = start(gpt2, "")
    read_until(second, "waiting for another process to fetch tiny")

    first.send_signal(signal.SIGKILL)

    read_until(second, "got it")
    assert visible(home) == ["tiny"]


def test_waiting_need_not_be_told(gpt2: Entry, start: Any) -> None:
    other = start(gpt2, "checkpoint")
    read_until(other, "checkpoint")
    releasing = threading.Timer(0.2, go_on, [other])
    releasing.start()

    folder = get_model("tiny")

    releasing.join()
    assert locate_model("tiny") == folder


def test_importing_the_catalogue_imports_nothing_heavy() -> None:
    program = "import sys, verbosify.models.store.catalog; print({'torch', 'transformers', 'gguf', 'safetensors'} & {*sys.modules})"

    result = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert result.stdout == "set()\n"
