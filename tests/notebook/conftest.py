"""A piece made by a tiny model that speaks in whole sentences, once for all tests of the studio."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.speaking_model import ESSAY
from verbosify.essay import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Piece
from verbosify.workflow import Options, verbosify
from verbosify.workflow.visit import Embed


@pytest.fixture(scope="session")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture(scope="session")
def options(speaking_model: Path) -> Options:
    settings = SamplingSettings(n=4, length=60)
    return Options(model=str(speaking_model), settings=settings, most_samples=8, target=1.5)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, model: LanguageModel, embed: Embed, options: Options) -> Path:
    """The folder of a piece of four passages, of which three are visited."""
    folder = tmp_path_factory.mktemp("pieces") / "quay"
    verbosify(essay_from_text(ESSAY, "quay.md"), folder, options, model=model, embed=embed, limit=3)
    return folder


@pytest.fixture
def piece(made: Path, tmp_path: Path) -> Iterator[Piece]:
    """A copy of it, open."""
    shutil.copytree(made, tmp_path / "quay")
    with Piece.open(tmp_path / "quay") as piece:
        yield piece
