"""One trained checkpoint, and both engines over it, made when first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verbosify.models.formats.hugging_face import read_gpt2
from verbosify.models.formats.openai import write_openai_checkpoint
from verbosify.models.loading import load_model


@pytest.fixture(scope="session", autouse=True)
def _checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Conversions go to a folder of the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path_factory.mktemp("checkpoints")))
        yield


@pytest.fixture(scope="session")
def trained(speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that speaks, as a run of gpt-2-simple."""
    folder = tmp_path_factory.mktemp("trained") / "run1"
    write_openai_checkpoint(folder, read_gpt2(speaking_model), step=150)
    return folder


@pytest.fixture(scope="session")
def engines(trained: Path) -> dict[str, Any]:
    """Both engines over that checkpoint, in float32."""
    return {
        "torch": load_model(trained, device="cpu", precision="fp32"),
        "tensorflow": load_model(trained, engine="tensorflow"),
    }
