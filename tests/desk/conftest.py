"""One desk on the speaking model, in fp32, for all tests that need no desk of their own: its process takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desks import Client, Running, running_desk


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, speaking_model: Path) -> Iterator[Running]:
    """The desk, behind its server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERBOSIFY_DESK_PRECISION", "fp32")
        with running_desk(tmp_path_factory.mktemp("desk"), speaking_model) as desk:
            yield desk


@pytest.fixture
def client(running: Running) -> Client:
    """Somebody at the desk."""
    return running.client()
