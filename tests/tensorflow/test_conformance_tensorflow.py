"""The protocol over the reference engine.

With a context of 256, for long windows are what costs most; `test_parity` and `test_gpt2_simple` have the whole 1,024.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.conformance")

from tests.conformance import *  # noqa: E402, F403
from verbosify.models.formats.hugging_face import read_gpt2  # noqa: E402
from verbosify.models.formats.openai import write_openai_checkpoint  # noqa: E402
from verbosify.models.loading import load_model  # noqa: E402

CONTEXT = 256


@pytest.fixture(scope="module")
def model(speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    whole = read_gpt2(speaking_model)
    tensors = dict(whole.tensors) | {"model/wpe": whole.tensors["model/wpe"][:CONTEXT]}
    short = replace(whole, hparams=replace(whole.hparams, n_ctx=CONTEXT), tensors=tensors)
    folder = tmp_path_factory.mktemp("short") / "run1"
    write_openai_checkpoint(folder, short, step=150)
    return load_model(folder, engine="tensorflow")
