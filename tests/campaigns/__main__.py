"""`python -m tests.campaigns kills|hostile|bots|visitors|requests`: run one, say what came of it, and fail if there is a fault."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("campaign", choices=["kills", "hostile", "bots", "visitors", "requests"])
    parser.add_argument(
        "--count", type=int, help="kills, files, visitors or requests [default: 1000, 10000, 200, 2000; of bots 200]"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=180, help="for how long visitors come")
    parser.add_argument("--model", help="that replies to visitors [default: a tiny one]")
    parser.add_argument("--file", type=int, help="send this one of the hostile files alone, and let its error through")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes fork here, which threads would not survive
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        if arguments.campaign == "kills":
            faults = _kills(Path(folder), arguments.count or 1000, arguments.seed)
        elif arguments.campaign == "bots":
            faults = _bots(Path(folder), arguments.count or 200, arguments.seed)
        elif arguments.campaign == "visitors":
            faults = _visitors(Path(folder), arguments.count or 200, arguments.seconds, arguments.model)
        elif arguments.campaign == "requests":
            faults = _requests(Path(folder), arguments.count or 2000, arguments.seed)
        elif arguments.file is not None:
            _one_file(Path(folder), arguments.seed, arguments.file)
            faults = 0
        else:
            faults = _hostile(Path(folder), arguments.count or 10_000, arguments.seed)
    minutes = (time.monotonic() - started) / 60
    print(f"Seed {arguments.seed}; {os.cpu_count()} cores, {platform.machine()}, {platform.system()}, ", end="")
    print(f"Python {platform.python_version()}; {minutes:.0f} minutes.")
    return 1 if faults else 0


def _kills(folder: Path, count: int, seed: int) -> int:
    from tests.campaigns.kills import campaign
    from tests.commands import warm_up
    from tests.speaking_model import write_speaking_model

    warm_up()
    figures = campaign(folder, write_speaking_model(folder / "speaking"), count=count, seed=seed)
    print("| what was killed | trials | kills |\n|---|---|---|")
    for name, trials in figures.trials.items():
        print(f"| {name} | {trials} | {figures.kills[name]} |")
    print(f"{figures.kills.total()} kills, {len(figures.faults)} faults.")
    return len(figures.faults)


def _bots(folder: Path, count: int, seed: int) -> int:
    from tests.campaigns.bots import KINDS, campaign, heartbeat

    print("| place | mentions | kills | attempts | replies | faults | seconds |\n|---|---|---|---|---|---|---|")
    faults = 0
    for kind in KINDS:
        (folder / kind).mkdir()
        figures = campaign(folder / kind, kind, mentions=count * 5 // 2, kills=count, seed=seed)
        made = (figures.mentions, figures.kills, figures.attempts, figures.replies, len(figures.faults))
        print(f"| {kind} | {' | '.join(map(str, made))} | {figures.seconds:.0f} |", flush=True)
        for fault in figures.faults[:20]:
            print(fault)
        faults += len(figures.faults)
    (folder / "slow").mkdir()
    print(
        f"Longest time between heartbeats, of one a second, while a generation takes 60 s: {heartbeat(folder / 'slow', 60):.1f} s."
    )
    return faults


def _visitors(folder: Path, count: int, seconds: float, model: str | None) -> int:
    from tests.campaigns.visitors import campaign
    from tests.speaking_model import write_speaking_model

    figures = campaign(folder, model or str(write_speaking_model(folder / "speaking")), visitors=count, seconds=seconds)
    print(f"{count} visitors for {seconds:.0f} s\n{figures.table()}\n{len(figures.faults)} faults.")
    for fault in figures.faults[:20]:
        print(f"- {fault}")
    return len(figures.faults)


def _requests(folder: Path, count: int, seed: int) -> int:
    from tests.campaigns.besieged import SERVERS, columns_campaign, server_campaign
    from tests.speaking_model import write_speaking_model

    model = write_speaking_model(folder / "speaking")
    print("| server | requests | answered by status | faults |\n|---|---|---|---|")
    faults = 0
    for name in [*SERVERS, "columns"]:
        (place := folder / name).mkdir()
        if name == "columns":
            figures = columns_campaign(place, count=count, seed=seed)
        else:
            figures = server_campaign(place, model, name, count=count, seed=seed)
        told = ", ".join(f"{status}: {number:,}" for status, number in sorted(figures.statuses.items()))
        print(f"| {name} | {figures.statuses.total():,} | {told} | {len(figures.faults)} |", flush=True)
        for fault in figures.faults[:20]:
            print(f"- {fault}")
        faults += len(figures.faults)
    return faults


def _hostile(folder: Path, count: int, seed: int) -> int:
    from tests.campaigns.hostile import campaign
    from tests.commands import warm_up

    warm_up()
    figures = campaign(folder, count=count, seed=seed)
    print("| kind of file | files | refused in a sentence |\n|---|---|---|")
    for name, files in sorted(figures.files.items()):
        print(f"| {name} | {files} | {figures.refused[name]} |")
    print(f"{len(figures.faults)} faults; {figures.longest:.1f} s at most, {figures.memory / 2**30:.2f} GB at most.")
    return len(figures.faults)


def _one_file(folder: Path, seed: int, number: int) -> None:
    import random

    from tests.campaigns.hostile import database_way, essay_way, executable, file_of, record_way, split_way

    file = file_of(seed, number)
    print(f"{file.kind}: {len(file.content)} bytes: {file.content[:300]!r}")
    ways = {"record": record_way, "database": database_way, "corrected split": split_way}
    ways.get(file.kind, essay_way)(file, folder, random.Random(number))  # noqa: S311  # no secret
    print(executable(folder) or "nothing executable")


if __name__ == "__main__":
    sys.exit(main())
