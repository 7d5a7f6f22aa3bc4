"""Stages of other packages: used where they are named, and harmless where they fail."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugged import write_plugin
from verbosify.errors import PluginError, SettingsError
from verbosify.pipeline import Context, Pipeline, Step, list_stages, registry

GROUP = "verbosify.stages"
SHOUT = '''
from verbosify.pipeline import cleaner

@cleaner
def add(text, context, *, marks: int = 1):
    """Shout."""
    return text.upper() + "!" * marks
'''


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose packages are installed."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    registry._theirs.cache_clear()
    yield tmp_path
    registry._theirs.cache_clear()


def test_a_stage_of_another_package_is_one_of_ours(packages: Path) -> None:
    write_plugin(packages, GROUP, "shout", SHOUT, package="loud-stages")

    pipeline = Pipeline(name="x", template="x", clean=(Step("shout", {"marks": 2}),))

    assert pipeline.clean[0].apply("cleaner", "hey", Context({})) == "HEY!!"
    (stage,) = [stage for stage in list_stages()[0] if stage.name == "shout"]
    assert (stage.package, stage.description, list(stage.parameters)) == ("loud-stages", "Shout.", ["marks"])
    with pytest.raises(SettingsError, match="marks of the stage shout is 'many': it must be a whole number"):
        Pipeline(name="x", template="x", clean=(Step("shout", {"marks": "many"}),))


@pytest.mark.parametrize("code", ["import nothing_of_that_name", "def add(text): return text"])
def test_a_stage_that_cannot_be_had_is_named_and_harms_nothing_else(packages: Path, code: str) -> None:
    write_plugin(packages, GROUP, "shout", code, package="loud-stages")

    assert Pipeline(name="x", template="x", clean=(Step("trim"),)).clean
    stages, notices = list_stages()
    assert "trim" in [stage.name for stage in stages]
    assert [notice for notice in notices if "'shout'" in notice and "loud-stages" in notice]
    with pytest.raises(PluginError, match=r"'shout'.*loud-stages"):
        Pipeline(name="x", template="x", clean=(Step("shout"),))


def test_none_takes_the_name_of_one_of_ours(packages: Path) -> None:
    write_plugin(packages, GROUP, "trim", SHOUT, package="loud-stages")

    assert Step("trim").apply("cleaner", " a ", Context({})) == "a"
    assert list_stages()[1] == ["The stage trim of loud-stages is not used: verbosify has one of that name."]
