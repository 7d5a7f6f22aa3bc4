"""What all tests share."""

from __future__ import annotations

import functools
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.commands import CHECKPOINTS, ROOT, Call, Commands, Said
from tests.speaking_model import write_speaking_model
from tests.tiny_models import write_gpt2, write_llama

if TYPE_CHECKING:
    from verbosify.workflow.visit import Embed

# A busy machine is no defect: properties are judged by what they find, not by how long an example took.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
# Every client of HTTP reads all certificates, a fortieth of a second, and hardly any of ours meets one.
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]
# A shell's background job is started deaf to Ctrl-C, and so would be all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


DRAWN = {"speaking_model", "tiny_gpt2", "tiny_llama", "tiny_folder"}
"""Fixtures that are models drawn or trained from a seed."""
MAKERS = {
    "seeded",
    "tiny_gguf",
    "tiny_models",
    "write_architecture",
    "write_gpt2",
    "write_llama",
    "write_speaking_model",
}
"""Names by which a file of tests takes what it draws by itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that may rest on a drawn model, so that `pytest -m drawn` tries them with other seeds."""
    for item in items:
        if isinstance(item, pytest.Function) and (DRAWN & set(item.fixturenames) or MAKERS & vars(item.module).keys()):
            item.add_marker("drawn")


@pytest.fixture(scope="session")
def speaking_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that speaks in whole sentences."""
    return write_speaking_model(tmp_path_factory.mktemp("models") / "speaking")


@pytest.fixture(scope="session")
def tiny_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a GPT-2 of random weights."""
    return write_gpt2(tmp_path_factory.mktemp("models") / "gpt2")


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Llama of random weights."""
    return write_llama(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture(scope="session", params=["gpt2", "llama"])
def tiny_folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a model of random weights, of each family."""
    folder: Path = request.getfixturevalue(f"tiny_{request.param}")
    return folder


@pytest.fixture(scope="session")
def embed() -> Embed:
    """Sentence embeddings by all-MiniLM-L6-v2, as in a run; what it has read once it knows."""
    import numpy as np

    from verbosify.models.embedding import SentenceEmbedder

    embedder = SentenceEmbedder(CHECKPOINTS / "minilm")
    known: dict[str, Any] = {}

    def vectors(texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embedder.embed(new), strict=True))
        return np.array([known[text] for text in texts], np.float32).reshape(len(texts), embedder.width)

    return vectors


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Runs the command line in processes of their own."""
    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.close()


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, embed: Embed) -> Call:
    """Run the command line in this process, in a folder of its own."""
    from verbosify import cli
    from verbosify.workflow import run as running

    load = running.load_embedder

    def known_or_loaded(*how: Any) -> Embed:
        return embed if os.environ.get("VERBOSIFY_CHECKPOINTS") == str(CHECKPOINTS) else load(*how)

    monkeypatch.setattr(running, "load_embedder", known_or_loaded)
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["verbosify", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return Said(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose packages are installed for this test: see `tests.plugged`."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").parent == folder:
            del sys.modules[name]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The tools of package.json, installed if they are not."""
    modules = ROOT / "node_modules"
    if not (modules / "axe-core" / "axe.min.js").is_file():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT, check=True, capture_output=True)
    return modules
