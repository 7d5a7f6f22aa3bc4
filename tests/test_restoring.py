"""Weights that always come back."""

from __future__ import annotations

import pytest

from verbosify.errors import ModelError
from verbosify.models.training.restoring import RestoreGuard


def test_weights_come_back_when_the_block_ends_and_not_before() -> None:
    done: list[str] = []

    with RestoreGuard(lambda: done.append("restored")).changing() as require:
        require()
        assert done == []

    assert done == ["restored"]


def test_weights_come_back_after_an_error() -> None:
    done: list[str] = []

    with pytest.raises(ValueError, match="no good"), RestoreGuard(lambda: done.append("restored")).changing():
        raise ValueError("no good")

    assert done == ["restored"]


def test_an_interrupt_while_they_come_back_is_told_after_they_are_back() -> None:
    attempts: list[int] = []

    def restore() -> None:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            raise KeyboardInterrupt

    guard = RestoreGuard(restore)
    with pytest.raises(KeyboardInterrupt), guard.changing():
        pass

    assert attempts == [0, 1, 2]
    with guard.changing():
        pass


def test_a_change_within_a_change_is_refused_and_the_outer_goes_on() -> None:
    guard = RestoreGuard(lambda: None)

    with guard.changing() as require:
        with pytest.raises(ModelError, match="overfitted already"), guard.changing():
            pass
        require()


def test_what_has_ended_is_told_so_even_within_the_next() -> None:
    guard = RestoreGuard(lambda: None)
    with guard.changing() as require:
        pass

    with pytest.raises(ModelError, match="has ended"):
        require()
    with guard.changing(), pytest.raises(ModelError, match="has ended"):
        require()
