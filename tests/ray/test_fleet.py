"""Many owners of one model: the same results as one has, whoever dies meanwhile; and a run, all on one cluster."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.commands import EMBED_ANEW, Commands, Moment, await_that, lasting
from tests.ray import tasks
from tests.ray.conftest import NODE
from tests.speaking_model import PASSAGES
from tests.test_together import canonical, essays
from verbosify.errors import ModelError
from verbosify.models.fleet import Fleet, open_fleet
from verbosify.models.loading import ModelSpec
from verbosify.models.parcels import pack
from verbosify.models.ray_fleet import Worker, connected
from verbosify.piece import Piece

OPTIONS = ("--precision", "fp32", "--samples", 3, "--most-samples", 3, "--length", 30, "--json")
TEXTS = ["the night ferry", "a kettle sings", "nobody heard it", "the note rises", "steam comes later"]


@pytest.fixture(scope="module")
def notices() -> list[str]:
    return []


@pytest.fixture(scope="module")
def fleet(cluster: Any, tiny_gpt2: Path, notices: list[str]) -> Iterator[Fleet]:
    with open_fleet("ray", ModelSpec(name=str(tiny_gpt2)), on_notice=notices.append) as opened:
        yield opened


def test_workers_give_the_results_of_one_process(fleet: Fleet, tiny_gpt2: Path) -> None:
    with open_fleet("local", ModelSpec(name=str(tiny_gpt2))) as local:
        alone = dict(local.map(tasks.overfit_and_sample, TEXTS))

    together = dict(fleet.map(tasks.overfit_and_sample, TEXTS))

    assert together == alone
    assert len(set(alone.values())) == len(TEXTS)


def test_every_worker_has_a_process_and_one_thread(fleet: Fleet, tiny_gpt2: Path) -> None:
    assert fleet.workers == 2

    told: list[tuple[int, int, str]] = []

    def both_were_asked() -> bool:
        told.extend(result for _, result in fleet.map(tasks.where, [0.4] * 4))
        return len({pid for pid, _, _ in told}) == 2

    await_that(both_were_asked)  # one alone answers until the other has started
    assert {(threads, name) for _, threads, name in told} == {(1, tiny_gpt2.name)}


def test_results_come_as_they_arrive(fleet: Fleet) -> None:
    assert [place for place, _ in fleet.map(tasks.where, [1.5, 0.0, 0.0])] == [1, 2, 0]


def test_no_tasks_have_no_results(fleet: Fleet) -> None:
    assert list(fleet.map(tasks.where, [])) == []


def test_the_task_of_a_worker_that_dies_is_done_by_another(fleet: Fleet, notices: list[str], tmp_path: Path) -> None:
    marks = [tmp_path / name for name in "abc"]
    for mark in marks[1:]:
        mark.touch()  # tried already

    assert sorted(fleet.map(tasks.die_once, map(str, marks))) == [(0, "a"), (1, "b"), (2, "c")]
    assert "another takes its place" in notices[-1]


def test_a_task_that_kills_every_worker_is_given_up(fleet: Fleet, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^3 workers died at the same task \(.+\): it is given up\.$"):
        list(fleet.map(tasks.die_once, [str(tmp_path / "always")]))


def test_what_a_task_raises_is_raised_as_it_is(fleet: Fleet, tiny_gpt2: Path) -> None:
    with pytest.raises(ModelError, match=rf"^{tiny_gpt2.name} does not like fog: try another\.$") as told:
        list(fleet.map(tasks.refuse, ["fog"]))
    assert type(told.value) is ModelError

    with pytest.raises(ZeroDivisionError, match="as it happens"):
        list(fleet.map(tasks.refuse, ["odd"]))
    assert list(fleet.map(tasks.where, [0.0]))


def test_who_asks_no_more_frees_the_workers(fleet: Fleet) -> None:
    results = fleet.map(tasks.where, [600.0, 0.0])
    assert next(results)[0] == 1

    results.close()  # type: ignore[attr-defined]  # an iterator that is a generator

    assert sorted(place for place, _ in fleet.map(tasks.where, [0.0, 0.0])) == [0, 1]


def test_a_node_that_dies_is_done_without(fleet: Fleet, cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=2, **NODE)
    marks = [tmp_path / str(number) for number in range(3)]

    def kill() -> None:
        await_that(lambda: all(mark.exists() and mark.read_text().endswith("\n") for mark in marks[:2]))
        tries = [mark.read_text().split() for mark in marks[:2]]
        dying = tries[0][1]
        cluster.remove_node(next(n for n in cluster.worker_nodes if n.node_id == dying), allow_graceful=False)
        await_that(lambda: not any(psutil.pid_exists(int(pid)) for pid, node in tries if node == dying))
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    found = sorted(fleet.map(tasks.wait_for, map(str, marks)))
    killer.join()

    assert found == [(0, "0"), (1, "1"), (2, "2")]
    tries = [line.split()[1] for mark in marks for line in mark.read_text().splitlines()]
    assert len(tries) > len(marks)
    assert len(set(tries)) == 2
    cluster.wait_for_nodes()  # what follows is not to be sent to the dead one


@pytest.fixture
def room(fleet: Fleet) -> None:
    """The workers of the module's fleet make room; it would start others."""
    fleet.close()  # type: ignore[attr-defined]


def test_workers_end_with_their_fleet(room: None, tiny_gpt2: Path) -> None:
    with open_fleet("ray", ModelSpec(name=str(tiny_gpt2)), workers=1, threads=2) as small:
        assert small.workers == 1
        ((_, (pid, threads, _)),) = small.map(tasks.where, [0.0])

    assert threads == 2
    await_that(lambda: not psutil.pid_exists(pid))


def test_weights_come_through_the_object_store_where_they_are_not_seen(
    cluster: Any, tiny_gpt2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tiny_gpt2, tmp_path / "ferry")
    here = pack(str(folder))
    elsewhere = replace(here, root=str(tmp_path / "none"), folder=str(tmp_path / "none" / "ferry"))

    with connected("ray") as ray:
        home = {"env_vars": {"VERBOSIFY_CHECKPOINTS": str(tmp_path / "node")}}
        worker = ray.remote(Worker).options(num_cpus=0, runtime_env=home).remote(ModelSpec(), [elsewhere], 1)
        version, names = ray.get(worker.lacking.remote())
        contents = [ray.put(np.fromfile(folder / name, np.uint8)) for _, name in names]
        ray.get(worker.load.remote(names, *contents))
        _, threads, name = ray.get(worker.run.remote(tasks.where, 0.0))
        assert ray.get(worker.lacking.remote()) == (version, [])

    assert (threads, name) == (1, "ferry")
    assert here.is_in(tmp_path / "node" / here.place)


def test_a_worker_of_another_version_is_refused(cluster: Any, tiny_gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbosify.models.ray_fleet.version_of_verbosify", lambda: "9.9")

    with (
        open_fleet("ray", ModelSpec(name=str(tiny_gpt2)), workers=1) as fleet,
        pytest.raises(ModelError, match=r"^A worker has verbosify .+, and here it is 9\.9: install the same"),
    ):
        list(fleet.map(tasks.where, [0.0]))


# A run: workers and drivers may die, and the piece is the one that a single process makes


@pytest.fixture(scope="module")
def alone(commands: Commands, speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pieces that one process made, one after another; the essays are beside it."""
    home = tmp_path_factory.mktemp("works")
    for essay in essays():
        (home / essay.name).write_text(essay.text)
    command = ("run", *_essays(home), "--out", home / "alone", "--model", speaking_model, *OPTIONS)
    done = commands.run(*command, env=EMBED_ANEW)
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
        return commands.start(*command, env=env | EMBED_ANEW, **how)

    return start


def test_a_driver_is_killed_then_a_node_and_the_pieces_are_those_of_one_process(
    room: None, cluster: Any, on_ray: Callable[..., Any], alone: Path, tmp_path: Path
) -> None:
    killed = on_ray(tmp_path, kill_at=Moment("workflow/apart.py", "record", "return", count=2)).wait()
    assert killed.code == -signal.SIGKILL, killed.err

    second = cluster.add_node(num_cpus=1, **NODE)
    running = on_ray(tmp_path)
    running.await_output('"loss_after"')
    cluster.remove_node(second, allow_graceful=False)
    again = running.wait()

    assert again.code == 0, again.err
    for name in ("quay", "bridge"):
        assert canonical(lasting(tmp_path / name)) == canonical(lasting(alone / name))
    assert len([line for line in again.lines if "loss_after" in line]) == PASSAGES + 2 - 2
    assert [line["title"] for line in again.lines[-2:]] == ["The quay at night", "The low bridge"]
    with Piece.open(tmp_path / "quay") as piece:
        assert len(piece.overfits()) == PASSAGES, "nothing twice"
