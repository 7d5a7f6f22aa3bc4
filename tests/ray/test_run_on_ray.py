"""A run on Ray: workers and drivers may die, and the piece is the one that a single process makes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Commands, Moment, lasting
from tests.ray.conftest import NODE
from tests.speaking_model import PASSAGES
from tests.test_together import canonical, essays
from verbosify.piece import Piece

OPTIONS = ("--precision", "fp32", "--samples", 3, "--most-samples", 3, "--length", 30, "--json")


@pytest.fixture(scope="module")
def alone(commands: Commands, speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pieces that one process made, one after another; the essays are beside it."""
    home = tmp_path_factory.mktemp("works")
    for essay in essays():
        (home / essay.name).write_text(essay.text)
    done = commands.run("run", *_essays(home), "--out", home / "alone", "--model", speaking_model, *OPTIONS)
    assert done.code == 0, done.err
    return home / "alone"


def _essays(home: Path) -> list[Path]:
    return [home / essay.name for essay in essays()]


@pytest.fixture
def on_ray(cluster: Any, commands: Commands, alone: Path, speaking_model: Path) -> Callable[..., Any]:
    """Begin to verbosify the same essays on the cluster; `how` as `Commands.start` takes it."""
    env = {name: os.environ[name] for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_USAGE_STATS_ENABLED")}

    def start(out: Path, **how: Any) -> Any:
        command = ("run", *_essays(alone.parent), "--on", "ray", "--out", out, "--model", speaking_model, *OPTIONS)
        return commands.start(*command, env=env, **how)

    return start


def assert_same(out: Path, alone: Path) -> None:
    for name in ("quay", "bridge"):
        assert canonical(lasting(out / name)) == canonical(lasting(alone / name))


def test_a_driver_is_killed_then_a_node_and_the_pieces_are_those_of_one_process(
    cluster: Any, on_ray: Callable[..., Any], alone: Path, tmp_path: Path
) -> None:
    killed = on_ray(tmp_path, kill_at=Moment("workflow/apart.py", "record", "return", count=2)).wait()
    assert killed.code == -signal.SIGKILL, killed.err

    second = cluster.add_node(num_cpus=1, **NODE)
    running = on_ray(tmp_path)
    running.await_output('"loss_after"')
    cluster.remove_node(second, allow_graceful=False)
    again = running.wait()

    assert again.code == 0, again.err
    assert_same(tmp_path, alone)
    assert len([line for line in again.lines if "loss_after" in line]) == PASSAGES + 2 - 2
    assert [line["title"] for line in again.lines[-2:]] == ["The quay at night", "The low bridge"]
    with Piece.open(tmp_path / "quay") as piece:
        assert len(piece.overfits()) == PASSAGES, "nothing twice"
