"""The protocol over the reference engine."""

from __future__ import annotations

from typing import Any

import pytest

pytest.register_assert_rewrite("tests.conformance")

from tests.conformance import *  # noqa: E402, F403


@pytest.fixture(scope="module")
def model(engines: dict[str, Any]) -> Any:
    return engines["tensorflow"]
