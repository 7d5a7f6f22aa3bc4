"""What sessions and a shared model cost: a text that grows by a token, many streams at once, two overfits in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.per_passage import PASSAGE

ROUNDS = 3


def costs(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Medians of three rounds, what is compared in turn, of the model in `folder`."""
    from verbosify.models.host import Host
    from verbosify.models.loading import load_model

    with Host(lambda: load_model(folder)) as host:
        say("a text that grows")
        growing = host.guest().do(_growing)  # in the owner's thread: a second one that computes would slow both
        say("streams at once")
        streams = _streams(host)
        say("two overfits in turn")
        return {"growing": growing, "streams": streams, "overfits": _overfits(host)}


def _seconds(run: Callable[[], object]) -> float:
    started = perf_counter()
    run()
    return perf_counter() - started


def _growing(model: object) -> dict[str, float]:
    """The token list of a text that has grown by a token, beside one step of sampling ten rows, and a new reading."""
    from verbosify.models.protocol import LanguageModel
    from verbosify.models.settings import SamplingSettings

    assert isinstance(model, LanguageModel)
    session, token = model.session(PASSAGE), model.encode(" the")
    ten = SamplingSettings(length=8)
    steps, lists, anew = [], [], []
    for _ in range(ROUNDS):
        both = _seconds(lambda: model.sample(PASSAGE, ten))
        first = _seconds(lambda: model.sample(PASSAGE, replace(ten, length=1)))
        steps.append((both - first) / 7)

        def grow() -> None:
            session.extend(token)
            session.top(100)

        lists.append(_seconds(grow))
        anew.append(_seconds(lambda: model.next_tokens(session.text, 100)))
    found = {"sampling step s": median(steps), "list s": median(lists), "read anew s": median(anew)}
    return {**found, "list / step": median(lists) / median(steps)}


def _streams(host: object) -> dict[str, float]:
    """Tokens a second of eight guests that stream a row each, beside those of one that streams all eight in a batch."""
    from verbosify.models.host import Host
    from verbosify.models.settings import SamplingSettings

    assert isinstance(host, Host)
    one = SamplingSettings(n=1, length=24)
    guests = [(host.guest(), replace(one, seed=seed)) for seed in range(8)]
    sessions = [(guest.session(PASSAGE), settings) for guest, settings in guests]
    batch, streams = [], []
    with ThreadPoolExecutor(8) as threads:
        for _ in range(ROUNDS):
            batch.append(_seconds(lambda: list(sessions[0][0].stream(replace(one, n=8)))))
            streams.append(_seconds(lambda: list(threads.map(lambda pair: list(pair[0].stream(pair[1])), sessions))))
    found = {"one batch s": median(batch), "eight streams s": median(streams)}
    return {**found, "tokens a second, streams / batch": median(batch) / median(streams)}


def _overfits(host: object) -> dict[str, float]:
    """Seconds to take a step, and to come back to one that was put aside."""
    from verbosify.models.host import Host

    assert isinstance(host, Host)
    first, second = host.guest(), host.guest()
    taken = []
    with first.overfit(PASSAGE) as overfit, second.overfit(PASSAGE[::-1]):
        taken.append(overfit.seconds)
        back = [_seconds(partial(guest.do, bool)) for _ in range(ROUNDS) for guest in (first, second)]
    return {"step s": median(taken), "back s": median(back), "step / back": median(taken) / median(back)}
