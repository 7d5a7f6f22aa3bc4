"""Where a fleet may be, and what is said where it cannot; the clusters are in tests/ray."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from verbosify.errors import ModelError, SettingsError
from verbosify.models.fleet import open_fleet
from verbosify.models.loading import ModelSpec
from verbosify.models.ray_fleet import _show_the_token


def test_one_process_does_one_task_after_another(tiny_gpt2: Path) -> None:
    spec = ModelSpec(name=str(tiny_gpt2), engine="universal")
    asked = []

    def tasks() -> Iterator[str]:
        for text in ("the night ferry", "a kettle"):
            asked.append(text)
            yield text

    with open_fleet(spec=spec) as fleet:
        assert fleet.workers == 1
        results = fleet.map(lambda model, text: (model.card.engine, len(model.encode(text))), tasks())
        first = next(results)
        assert asked == ["the night ferry"]

        assert [place for place, _ in (first, *results)] == [0, 1]
    assert first[1][0] == "universal"
    assert asked == ["the night ferry", "a kettle"]


@pytest.mark.parametrize("on", ["ray", "ray://127.0.0.1:1"])
def test_a_cluster_that_is_not_there_is_said_to_be_at_once(on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")

    with pytest.raises(ModelError, match=r"^No Ray cluster answers at (ray://)?127\.0\.0\.1:1 \("), open_fleet(on):
        pass


def test_without_ray_one_sentence_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbosify.models.ray_fleet.find_spec", lambda _: None)

    with pytest.raises(ModelError, match=r"needs the package ray: run `pip install"), open_fleet("ray"):
        pass


@pytest.mark.parametrize(
    ("on", "numbers", "said"),
    [
        ("moon", {}, r"^There is no 'moon' to work on: write local, ray, or ray://HOST:PORT\.$"),
        ("ray", {"workers": 0}, r"^workers is 0: it must be at least 1\.$"),
        ("ray", {"threads": 0}, r"^threads is 0: it must be at least 1\.$"),
    ],
)
def test_what_cannot_be_is_refused(on: str, numbers: dict[str, int], said: str) -> None:
    with pytest.raises(SettingsError, match=said), open_fleet(on, **numbers):  # type: ignore[arg-type]
        pass


def test_the_token_that_lies_on_this_computer_is_shown_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)

    _show_the_token()
    assert "RAY_AUTH_MODE" not in os.environ

    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("a token")
    _show_the_token()
    assert os.environ["RAY_AUTH_MODE"] == "token"

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    _show_the_token()
    assert os.environ["RAY_AUTH_MODE"] == "disabled"
