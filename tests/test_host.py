"""One model and many guests: each is served as if it were alone, and none meets another's weights."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.register_assert_rewrite("tests.conformance")

from tests.conformance import (  # noqa: E402, F401
    ALL,
    LONG,
    ONCE,
    PASSAGE,
    PROMPT,
    test_a_model_is_a_language_model_with_a_whole_card,
    test_a_row_does_not_depend_on_how_many_there_are,
    test_a_session_becomes_another_text_as_if_it_had_been_given,
    test_a_session_goes_on_by_tokens,
    test_a_session_speaks_for_the_weights_of_the_moment,
    test_a_session_that_goes_on_is_as_one_of_the_whole_text,
    test_a_step_can_be_applied_by_more_or_less_of_it,
    test_a_stop_ends_the_text_before_it,
    test_a_stream_ends_when_it_is_told_to,
    test_a_stream_is_the_sample_token_by_token,
    test_a_stream_tells_the_likeliest_tokens_of_each_place,
    test_a_text_given_as_tokens_is_scored_with_what_was_likelier,
    test_an_overfit_changes_what_is_said,
    test_an_overfit_within_an_overfit_is_refused_and_does_no_harm,
    test_every_settings_draws_what_it_would_alone,
    test_forks_go_their_own_ways,
    test_fresh_weights_are_back_after_an_error_within,
    test_fresh_weights_are_back_bit_for_bit_after_an_overfit,
    test_prompts_that_cannot_be_continued_are_refused,
    test_sessions_that_cannot_be_are_refused,
)
from verbosify.errors import ModelError  # noqa: E402
from verbosify.models.host import Guest, Host, guest_of  # noqa: E402
from verbosify.models.loading import load_model  # noqa: E402
from verbosify.models.protocol import LanguageModel  # noqa: E402
from verbosify.models.settings import SamplingSettings  # noqa: E402

OTHER = "The harbour master sketches the northern bay. My aunt's boat crosses the quiet harbour in the morning."


@pytest.fixture(scope="module")
def alone(speaking_model: Path) -> LanguageModel:
    """The same model, with no host."""
    return load_model(speaking_model, precision="fp32")


@pytest.fixture(scope="module")
def host(speaking_model: Path) -> Iterator[Host]:
    with Host(lambda: load_model(speaking_model, precision="fp32")) as host:
        yield host


@pytest.fixture
def model(host: Host) -> Guest:
    return host.guest()


def test_guests_at_once_get_what_each_would_get_alone(host: Host, alone: LanguageModel) -> None:
    several = [replace(LONG, seed=seed, n=1 + seed % 2, length=10 + seed) for seed in range(8)]

    with ThreadPoolExecutor(8) as guests:
        found = list(guests.map(lambda settings: host.guest().sample(PROMPT, settings), several))

    assert found == [alone.sample(PROMPT, settings) for settings in several]


def test_no_guest_meets_the_weights_of_another(host: Host, alone: LanguageModel) -> None:
    with alone.overfit(PASSAGE, ONCE):
        of_passage = alone.sample(PROMPT, LONG)
    with alone.overfit(OTHER, ONCE):
        of_other = alone.sample(PROMPT, LONG)
    first, second, third = (host.guest() for _ in range(3))

    with first.overfit(PASSAGE, ONCE), second.overfit(OTHER, ONCE):
        for _ in range(2):
            assert first.sample(PROMPT, LONG) == of_passage
            assert third.sample(PROMPT, LONG) == alone.sample(PROMPT, LONG)
            assert second.sample(PROMPT, LONG) == of_other

    assert first.sample(PROMPT, LONG) == second.sample(PROMPT, LONG) == alone.sample(PROMPT, LONG)


@pytest.mark.parametrize("memory", [2**30, 0])
def test_a_step_is_taken_again_only_where_memory_does_not_keep_it(speaking_model: Path, memory: int) -> None:
    steps: list[str] = []

    def load() -> Any:
        model: Any = load_model(speaking_model, precision="fp32")
        overfit = model.overfit

        def counted(text: str, recipe: Any) -> Any:
            steps.append(text)
            return overfit(text, recipe)

        model.overfit = counted
        return model

    with Host(load, memory=memory) as host:
        first, second = host.guest(), host.guest()
        with first.overfit(PASSAGE, ONCE) as one, second.overfit(OTHER, ONCE):
            said = [guest.score(PROMPT) for guest in (first, second)]
            assert [guest.score(PROMPT) for guest in (first, second)] == said
            one.strength = 0
            assert one.loss_after == pytest.approx(one.loss_before, abs=1e-5)

    assert len(steps) == 2 if memory else len(steps) > 2


def test_a_stream_of_one_guest_goes_on_while_others_come_and_go(host: Host, alone: LanguageModel) -> None:
    long = replace(LONG, n=2, length=60)
    stream = host.guest().session(PROMPT).stream(long)
    steps = list(islice(stream, 8))

    assert host.guest().sample(PROMPT, ALL) == alone.sample(PROMPT, ALL)
    with host.guest().overfit(PASSAGE, ONCE):
        pass
    steps += stream

    expected = alone.sample(PROMPT, long)
    assert [tuple(step.token_id for step in steps if step.row == row) for row in range(2)] == [
        continuation.token_ids for continuation in expected
    ]


def test_to_leave_a_stream_ends_it(host: Host) -> None:
    guest = host.guest()
    asked: list[int] = []

    def until() -> bool:
        asked.append(0)
        return False

    stream = guest.session(PROMPT).stream(replace(LONG, n=1, length=900), until)
    next(stream)
    stream.close()  # type: ignore[attr-defined]

    guest.score(PROMPT)
    with guest.overfit(PASSAGE, ONCE):  # for which all that grows has to end
        assert len(asked) < 800


def test_a_sample_can_be_cancelled(host: Host) -> None:
    cancelled = threading.Event()
    cancelled.set()

    assert all(not row.token_ids for row in host.guest().sample(PROMPT, LONG, until=cancelled.is_set))

    asked = iter([False] * 6 + [True])
    found = host.guest().sample(PROMPT, replace(LONG, n=1), until=lambda: next(asked))
    assert len(found[0].token_ids) == 6


def test_an_error_is_that_of_its_job_alone(host: Host, alone: LanguageModel) -> None:
    everything = tuple(range(len(alone.next_tokens(PROMPT, 10**6))))
    doomed = replace(ALL, banned_tokens=everything)

    with ThreadPoolExecutor(3) as guests:
        good = [guests.submit(host.guest().sample, PROMPT, replace(LONG, seed=seed)) for seed in range(2)]
        bad = guests.submit(host.guest().sample, PROMPT, doomed)
        with pytest.raises(ModelError, match="is banned"):
            bad.result()
        assert [job.result() for job in good] == [alone.sample(PROMPT, replace(LONG, seed=s)) for s in range(2)]

    assert host.guest().sample(PROMPT, ALL) == alone.sample(PROMPT, ALL)


def test_running_out_of_memory_is_told_and_the_next_job_works(host: Host, alone: LanguageModel) -> None:
    guest = host.guest()

    for run_out in (lambda _: bytearray(2**60), lambda _: torch.empty(2**58)):
        with pytest.raises(ModelError, match="not enough memory"):
            guest.do(run_out)
    assert guest.sample(PROMPT, ALL) == alone.sample(PROMPT, ALL)


def test_what_cannot_wait_is_refused(speaking_model: Path) -> None:
    release, begun = threading.Event(), threading.Event()

    def hold_up(_: object) -> None:
        begun.set()
        release.wait(60)

    with Host(lambda: load_model(speaking_model, precision="fp32"), waiting=1) as host, ThreadPoolExecutor(2) as guests:
        busy = guests.submit(host.guest().do, hold_up)
        begun.wait(60)
        waiting = guests.submit(host.guest().score, PROMPT)
        while host._queue.empty():
            pass
        with pytest.raises(ModelError, match="1 requests wait for this model already"):
            host.guest().score(PROMPT)
        release.set()
        busy.result()
        assert waiting.result()


def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        Host(lambda: load_model(tmp_path / "nothing"))


def test_who_interrupts_the_loading_leaves_no_thread_at_work_as_the_process_ends() -> None:
    whole: list[bool] = []

    def load() -> LanguageModel:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.3)
        whole.append(True)
        raise ModelError("nobody waits for this")

    with pytest.raises(KeyboardInterrupt):
        Host(load)

    assert whole


def test_other_work_is_done_in_the_owners_thread_and_changes_no_weights(speaking_model: Path) -> None:
    with Host(lambda: load_model(speaking_model, precision="fp32")) as host:
        guest, other = host.guest(), host.guest()
        with guest.overfit(PASSAGE, ONCE):
            guest.score(PROMPT)
            present = host.model.version

            assert other.beside(threading.current_thread) is host._thread
            assert host.model.version == present
            with pytest.raises(ZeroDivisionError):
                other.beside(lambda: 1 / 0)


def test_other_work_is_done_between_two_tokens(speaking_model: Path) -> None:
    there, queued, calls = threading.Event(), threading.Event(), count()

    def until() -> bool:
        if next(calls) == 3:  # in the owner's thread
            there.set()
            queued.wait(60)
        return False

    settings = SamplingSettings(n=2, length=20, least_length=20)
    with Host(lambda: load_model(speaking_model, precision="fp32")) as host, ThreadPoolExecutor(1) as others:
        steps = host.guest().session(PROMPT).stream(settings, until)
        first = next(steps)
        there.wait(60)
        growing = others.submit(host.guest().beside, lambda: len(host._growing))
        while host._queue.empty():
            pass
        queued.set()

        assert growing.result() == 1
        assert len([first, *steps]) == 40


def test_a_host_of_one_guest_ends_with_it(speaking_model: Path) -> None:
    guest = guest_of(lambda: load_model(speaking_model, precision="fp32"))
    session, owner = guest.session(PROMPT), guest.host._thread
    assert guest.score(PROMPT)

    del guest
    gc.collect()
    assert owner.is_alive()
    assert session.top(3)

    del session
    gc.collect()
    owner.join(60)
    assert not owner.is_alive()


def test_a_closed_host_serves_nobody(speaking_model: Path) -> None:
    host = Host(lambda: load_model(speaking_model, precision="fp32"))
    guest = host.guest()
    host.close()

    with pytest.raises(ModelError, match="host is closed"):
        guest.score(PROMPT)
