"""`verbosify desk`: where it listens, and who may come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.commands import Call
from tests.pieces import make_piece
from verbosify.cli import desk as command
from verbosify.desk.server import names_of_this_computer

ANYWHERE = "0.0.0.0"  # noqa: S104  # it is refused without a password


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command would serve; it returns as if the server had been stopped."""
    seen: dict[str, Any] = {}

    def serve(application: Any, **how: Any) -> None:
        seen.update(how, application=application)
        how["listening_at"](8123)

    monkeypatch.setattr("verbosify.web.serving.serve", serve)
    return seen


def test_a_desk_listens_on_this_computer_and_tells_its_address(
    call: Call, served: dict[str, Any], tmp_path: Path
) -> None:
    said = call("desk", "--folder", tmp_path / "desk", "--no-browser")

    assert said.code == 0
    assert served["host"] == "127.0.0.1"
    assert "http://127.0.0.1:8123/?token=" in said.err
    assert "vb-" in said.err


@pytest.mark.parametrize(
    ("model", "says"), [("nowhere", "no model and no folder 'nowhere'"), ("minilm", "writes nothing")]
)
def test_a_model_that_cannot_write_is_refused_at_the_start(
    call: Call, served: dict[str, Any], tmp_path: Path, model: str, says: str
) -> None:
    said = call("desk", "--folder", tmp_path / "desk", "--model", model, "--no-browser")

    assert (said.code, served) == (2, {})
    assert says in said.err


def test_other_hosts_need_a_password(
    call: Call, served: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(command.PASSWORD, raising=False)
    for password in ("", "short"):
        monkeypatch.setenv(command.PASSWORD, password)
        said = call("desk", "--folder", tmp_path / "desk", "--host", ANYWHERE, "--no-browser")
        assert (said.code, served) == (2, {})
        assert "at least 8 characters" in said.err

    monkeypatch.setenv(command.PASSWORD, "correct horse")
    said = call("desk", "--folder", tmp_path / "desk", "--host", ANYWHERE, "--no-browser", "--name", "desk.example.org")
    assert (said.code, served["host"]) == (0, ANYWHERE)


def test_a_desk_for_a_piece_lies_in_its_folder(call: Call, served: dict[str, Any], tmp_path: Path) -> None:
    make_piece(tmp_path / "piece").close()

    assert call("desk", tmp_path / "piece" / "piece.db", "--no-browser").code == 0
    assert (tmp_path / "piece" / ".secret").is_file()
    missing = call("desk", tmp_path / "nowhere", "--no-browser")
    assert (missing.code, "no piece" in missing.err) == (2, True)


def test_a_server_at_any_address_answers_to_this_computers_names_alone() -> None:
    names = names_of_this_computer(ANYWHERE)

    assert {"127.0.0.1", "localhost", "[::1]"} < names
    assert "*" not in names
    assert names_of_this_computer("192.0.2.7") >= {"192.0.2.7", "localhost"}
