"""Paths that are no folder of weights: each is told what it is, and what to do."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny_gpt2 import checkpoint
from verbosify.errors import ModelError
from verbosify.models.formats.openai import write_openai_checkpoint
from verbosify.models.formats.tensor_bundle import write_bundle
from verbosify.models.store.catalog import locate_model

INDEX, DATA = "model-7.index", "model-7.data-00000-of-00001"


@pytest.fixture(scope="session")
def run_of_gpt_2_simple(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run1"
    write_openai_checkpoint(folder, checkpoint(), step=7)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def put(run_of_gpt_2_simple: Path) -> Callable[[str], Path]:
    """Puts a run of gpt-2-simple into the folder of that name."""
    return lambda name: Path(shutil.copytree(run_of_gpt_2_simple, name))


def refused(path: str | Path) -> str:
    with pytest.raises(ModelError) as error:
        locate_model(path)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    return message


def pack(name: str, folder: str, mode: str = "w") -> None:
    with tarfile.open(name, mode) as archive:  # type: ignore[call-overload]
        archive.add(folder)
    shutil.rmtree(folder)


# Packed runs


@pytest.mark.parametrize(
    ("name", "mode", "line"),
    [
        ("checkpoint_run1.tar", "w", "tar xf checkpoint_run1.tar"),
        ("checkpoint_run1.tar.gz", "w:gz", "tar xf checkpoint_run1.tar.gz"),
        ("run.TGZ", "w:gz", "tar xf run.TGZ"),
        ("run.tar.bz2", "w:bz2", "tar xf run.tar.bz2"),
        ("run.tar.xz", "w:xz", "tar xf run.tar.xz"),
        ("a run without a suffix", "w", "tar xf 'a run without a suffix'"),
    ],
)
def test_a_packed_run_is_told_with_the_line_that_unpacks_it(
    put: Callable[[str], Path], name: str, mode: str, line: str
) -> None:
    put("checkpoint/run1")
    pack(name, "checkpoint", mode)

    message = refused(name)

    assert message == f"{name} is packed: unpack it with `{line}` and name the folder, checkpoint/run1."
    os.system(line)  # noqa: S605  # the line is for a shell
    assert locate_model("checkpoint/run1") == Path("checkpoint/run1")


def test_a_folder_that_holds_a_packed_run_is_told_the_same(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")
    Path("my drive").mkdir()
    pack("my drive/checkpoint_run1.tar", "checkpoint")

    assert refused("my drive") == (
        "my drive holds checkpoint_run1.tar and no weights; checkpoint_run1.tar is packed: unpack it with "
        "`tar xf 'my drive/checkpoint_run1.tar'` and name the folder, checkpoint/run1."
    )


def test_of_several_packed_runs_the_first_is_told_of(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")
    Path("drive").mkdir()
    pack("drive/run2.tar", "checkpoint")
    for number in (10, 3):
        shutil.copy("drive/run2.tar", f"drive/run{number}.tar")

    message = refused("drive")

    assert message.startswith("drive holds run2.tar, run3.tar and run10.tar and no weights; run2.tar is packed")


def test_a_zipped_run_is_told_how_to_unpack_it() -> None:
    with zipfile.ZipFile("run1.zip", "w") as archive:
        archive.writestr("checkpoint/run1/hparams.json", "{}")

    assert (
        refused("run1.zip")
        == "run1.zip is packed: unpack it with `python -m zipfile -e run1.zip .` and name the folder."
    )


@pytest.mark.parametrize("content", [b"", b"<html>Sign in</html>", b"\x1f\x8b\x08\x00" + bytes(20)])
@pytest.mark.parametrize("name", ["run1.tar", "run1.tar.gz", "run1.tgz"])
def test_what_is_only_called_an_archive_is_told(name: str, content: bytes) -> None:
    Path(name).write_bytes(content)

    assert refused(name) == f"{name} is no archive for all its name, or a damaged one: copy it again."


def test_an_archive_that_only_tar_unpacks_is_left_to_it() -> None:
    Path("run1.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd")

    assert "unpack it with `tar xf run1.tar.zst`" in refused("run1.tar.zst")


@pytest.mark.parametrize("name", ["../out/hparams.json", "/etc/hparams.json", "a\nb/hparams.json", "hparams.json"])
def test_no_strange_folder_of_an_archive_is_named(name: str) -> None:
    with tarfile.open("run1.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name))

    assert refused("run1.tar") == "run1.tar is packed: unpack it with `tar xf run1.tar` and name the folder."


# Runs that lack something


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["hparams.json"], "hparams.json: copy it"),
        (["encoder.json"], "encoder.json: copy it"),
        (["vocab.bpe"], "vocab.bpe: copy it"),
        (["hparams.json", "encoder.json"], "hparams.json and encoder.json: copy them"),
        (["hparams.json", "vocab.bpe"], "hparams.json and vocab.bpe: copy them"),
        (["encoder.json", "vocab.bpe"], "encoder.json and vocab.bpe: copy them"),
        (["hparams.json", "encoder.json", "vocab.bpe"], "hparams.json, encoder.json and vocab.bpe: copy them"),
    ],
)
@pytest.mark.parametrize("state", [True, False], ids=["with checkpoint", "without"])
def test_a_run_without_its_vocabulary_is_told_where_to_get_it(
    put: Callable[[str], Path], missing: list[str], said: str, state: bool
) -> None:
    run = put("run1")
    for name in [*missing, *([] if state else ["checkpoint"])]:
        (run / name).unlink()

    message = refused(run)

    assert message.startswith(f"run1 lacks {said} there from gpt-2-simple's folder of the model that was fine-tuned, ")
    assert "models/124M/ or that of another size" in message
    assert "`verbosify models get gpt2-124m`" in message


@pytest.mark.parametrize(("layers", "size"), [(12, "124M"), (24, "355M"), (36, "774M"), (48, "1558M")])
def test_the_size_of_a_run_without_its_vocabulary_is_told_from_its_weights(layers: int, size: str) -> None:
    import numpy as np

    Path("run1").mkdir()
    write_bundle(Path("run1/model-7"), {f"model/h{n}/ln_1/g": np.ones(1, np.float32) for n in range(layers)})

    message = refused("run1")

    assert f"fine-tuned, models/{size}/; `verbosify models get gpt2-{size.lower()}`" in message


def test_a_run_whose_index_is_damaged_is_told_of_its_vocabulary_all_the_same() -> None:
    Path("run1").mkdir()
    Path("run1", INDEX).write_bytes(b"no index")

    assert refused("run1").startswith("run1 lacks hparams.json, encoder.json and vocab.bpe: copy them there ")


def test_a_run_without_its_weights_is_told(put: Callable[[str], Path]) -> None:
    run = put("run1")
    for name in ("checkpoint", INDEX):
        (run / name).unlink()
    assert refused(run) == f"run1/{INDEX} is missing, and {DATA} cannot be read without it: copy it there as well."

    (run / DATA).unlink()
    assert refused(run).startswith("run1 holds no weights but hparams.json, encoder.json and vocab.bpe: copy the ")


def test_weights_in_several_files_are_told() -> None:
    Path("big").mkdir()
    Path("big/model-00001-of-00002.safetensors").touch()

    assert refused("big") == (
        "big holds weights in several files (model-00001-of-00002.safetensors): they are read from one, "
        "model.safetensors."
    )


# Folders and files near the one that is meant


def test_the_parent_of_a_run_is_told_which_was_meant(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")

    for parent in ("checkpoint", "checkpoint/", Path("checkpoint"), "./checkpoint"):
        assert refused(parent) == "checkpoint holds no weights itself: did you mean checkpoint/run1?"
    assert refused(".") == ". holds no weights itself: did you mean checkpoint/run1?"


def test_the_parent_of_several_runs_names_them_in_their_order(put: Callable[[str], Path]) -> None:
    for number in (10, 2, 1):
        put(f"checkpoint/run{number}")
    Path("checkpoint/notes").mkdir()
    Path("checkpoint/.hidden").mkdir()

    assert refused("checkpoint") == (
        "checkpoint holds no weights itself: did you mean checkpoint/run1, checkpoint/run2 or checkpoint/run10?"
    )


def test_of_many_runs_the_first_are_named() -> None:
    for number in range(30):
        Path(f"checkpoint/run{number}").mkdir(parents=True)
        Path(f"checkpoint/run{number}/{INDEX}").touch()

    assert refused("checkpoint").endswith("checkpoint/run4, checkpoint/run5 or 24 more?")


def test_the_folders_of_gpt_2_simple_and_of_the_hub_are_told_which_model_is_in_them(
    put: Callable[[str], Path], tiny_gpt2: Path
) -> None:
    put("models/124M")
    shutil.copytree(tiny_gpt2, "hub/models--gpt2/snapshots/607a30d7")

    assert refused("models") == "models holds no weights itself: did you mean models/124M?"
    assert refused("hub").endswith("did you mean hub/models--gpt2/snapshots/607a30d7?")


def test_a_run_that_lacks_its_vocabulary_is_meant_too(put: Callable[[str], Path]) -> None:
    (put("checkpoint/run1") / "hparams.json").unlink()

    assert refused("checkpoint").endswith("did you mean checkpoint/run1?")


def test_a_run_that_there_is_not_is_told_of_those_beside_it(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")

    assert refused("checkpoint/run2").endswith("hub (did you mean checkpoint/run1?).")


def test_a_run_named_as_gpt_2_simple_names_it_is_told_where_it_lies(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")
    Path("checkpoint_run2.tar").touch()

    assert refused("run1").endswith("hub (did you mean checkpoint/run1?).")
    assert refused("run2").endswith("hub (did you mean checkpoint_run2.tar?).")
    assert refused("run3").endswith("hub.")


def test_a_checkpoint_named_as_tensorflow_names_it_is_told_its_folder(put: Callable[[str], Path]) -> None:
    put("checkpoint/run1")

    assert refused("checkpoint/run1/model-7").endswith("hub (did you mean checkpoint/run1?).")
    for name in (INDEX, DATA, "hparams.json", "checkpoint"):
        assert refused(f"checkpoint/run1/{name}") == (
            f"checkpoint/run1/{name} is a file: name the folder that holds it, checkpoint/run1."
        )


def test_a_great_tree_of_folders_is_not_searched_through() -> None:
    for number in range(2001):
        Path(f"tree/{number}").mkdir(parents=True)

    assert refused("tree") == "tree holds no weights: there is neither model.safetensors nor a GPT-2 checkpoint in it."


@pytest.mark.parametrize("path", ["x" * 5000, "\0", "~nobody-of-that-name/run1", "run1/\0"])
def test_a_path_that_the_system_does_not_know_is_no_folder(path: str) -> None:
    assert refused(path).startswith("There is no model and no folder ")


def test_a_folder_that_may_not_be_looked_into_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    Path("closed").mkdir()
    monkeypatch.setattr(Path, "iterdir", closed)

    assert refused("closed").startswith("closed cannot be read or written (Permission denied): ")
