"""The protocol over the fast engine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.conformance")

from tests.conformance import *  # noqa: E402, F403
from verbosify.models.loading import load_model  # noqa: E402
from verbosify.models.protocol import LanguageModel  # noqa: E402


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model, precision="fp32")
