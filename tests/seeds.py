"""Where the seeds of the tests' models come from, and how much is tried: the one place that reads the environment.

What a test claims must hold for any model of its kind, not for the one that a seed happens to draw. So every model that
is trained or drawn on the spot asks here for its seed, and `make test-seeds` runs its tests with ten others.
"""

from __future__ import annotations

import os

SHIFT = int(os.environ.get("VERBOSIFY_TEST_SEED", "0"))
"""0: the models of every day. Any other whole number: others."""

HOSTILE = int(os.environ.get("VERBOSIFY_TEST_HOSTILE", "300"))
"""Hostile requests that each server is sent; `make test-hostile` sends 2,000."""


def seeded(number: int = 0) -> int:
    """The seed to draw from where a test would draw from `number`."""
    return number + 1_000_003 * SHIFT
