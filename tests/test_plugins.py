"""What other packages add is found, loaded and told of; what is wrong in it names it and harms nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugged import write_plugin
from verbosify.errors import ModelError, PluginError, SettingsError
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.essay.sentences import split_sentences
from verbosify.measures.plugged import measure_with, plugged_measures
from verbosify.models.loading import load_model
from verbosify.plugins import find_plugin, find_plugins, load_plugins, lost_plugins

COMMAS = """
def add(text, language):
    return [place + 1 for place, character in enumerate(text) if character == ","]
"""
LETTERS = "def add(passage, sample):\n    return sample.count('e') if sample else None\n"
BROKEN = "import a_module_that_nobody_has\n"


def test_a_plugin_is_found_with_its_package_before_anything_of_it_is_imported(packages: Path) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", BROKEN)

    (plugin,) = find_plugins("verbosify.splitters")

    assert (plugin.name, plugin.package, plugin.version) == ("commas", "verbosify-sample", "1.0")
    assert str(plugin) == "the plug-in 'commas' (verbosify.splitters) of verbosify-sample 1.0"
    assert find_plugin("verbosify.splitters", "colons") is None


def test_all_groups_are_listed_together_in_order(packages: Path) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", COMMAS)
    write_plugin(packages, "verbosify.measures", "letters", LETTERS, package="verbosify-letters")

    found = [(plugin.group, plugin.name) for plugin in find_plugins() if plugin.package.startswith("verbosify-")]

    assert found == [("verbosify.measures", "letters"), ("verbosify.splitters", "commas")]


def test_a_splitter_of_a_plugin_splits_an_essay(packages: Path) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", COMMAS)

    (paragraph,) = essay_sentences(essay_from_text("One, two, and three."), "commas")

    assert [sentence.text for sentence in paragraph] == ["One,", "two,", "and three."]


def test_a_name_that_neither_we_nor_a_plugin_have_is_told_with_the_names_there_are(packages: Path) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", COMMAS)

    with pytest.raises(SettingsError, match="called 'colons': choose one of sentencex, punkt, original, commas"):
        split_sentences("One: two.", "colons")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (BROKEN, "cannot be loaded (ModuleNotFoundError: No module named 'a_module_that_nobody_has')"),
        ("raise SystemExit('no')", "cannot be loaded (SystemExit: no)"),
        ("add = 7", "cannot be loaded: verbosify_sample:add is not callable"),
        (
            "def add(text, language):\n    return 1 / 0",
            "failed (ZeroDivisionError: division by zero, at verbosify_sample.py, line 2)",
        ),
        ("def add(text, language):\n    return ['x']", "did not give the offsets at which sentences end (TypeError"),
    ],
)
def test_what_is_wrong_with_a_plugin_names_it_its_package_and_a_way_out(code: str, said: str, packages: Path) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", code)

    with pytest.raises(PluginError) as raised:
        split_sentences("One, two.", "commas")

    message = str(raised.value)
    assert message.startswith("The plug-in 'commas' (verbosify.splitters) of verbosify-sample 1.0 ")
    assert said in message
    assert message.endswith(
        "Uninstall verbosify-sample or install another version of it, or set VERBOSIFY_PLUGINS=off."
    )


def test_an_error_of_ours_that_a_plugin_raises_is_told_as_it_is(packages: Path) -> None:
    code = "from verbosify.errors import SettingsError\ndef add(*_):\n    raise SettingsError('Too short.')"
    write_plugin(packages, "verbosify.splitters", "commas", code)

    with pytest.raises(SettingsError, match=r"^Too short\.$"):
        split_sentences("One, two.", "commas")


def test_two_packages_with_the_same_name_are_both_left_out_and_named(packages: Path) -> None:
    for package in ("verbosify-one", "verbosify-two"):
        write_plugin(packages, "verbosify.measures", "letters", LETTERS, package=package)
    problems: list[str] = []

    loaded = load_plugins("verbosify.measures", problems.append)

    assert "letters" not in loaded
    assert len(problems) == 2
    assert "verbosify-one and verbosify-two both have a plug-in 'letters'" in problems[0]
    with pytest.raises(PluginError, match="uninstall one of them"):
        find_plugin("verbosify.measures", "letters")


def test_a_broken_measure_leaves_the_others_at_work(packages: Path) -> None:
    write_plugin(packages, "verbosify.measures", "letters", LETTERS)
    write_plugin(packages, "verbosify.measures", "gone", BROKEN, package="verbosify-gone")
    write_plugin(packages, "verbosify.measures", "words", "def add(*_):\n    return 'many'", package="verbosify-words")
    write_plugin(packages, "verbosify.measures", "ratio", "def add(*_):\n    return 1e999", package="verbosify-ratio")
    write_plugin(packages, "verbosify.measures", "large", "def add(*_):\n    return 10**400", package="verbosify-large")
    write_plugin(packages, "verbosify.measures", "text", "def add(*_):\n    return '5'", package="verbosify-text")
    problems: list[str] = []

    measures = plugged_measures(problems.append)
    measured = measure_with(measures, "A passage.", "A sentence.", problems.append)

    assert measured == {"large": None, "letters": 3, "ratio": None, "text": None, "words": None}
    assert [problem.split("'")[1] for problem in problems] == ["gone", "large", "ratio", "text", "words"]
    assert measure_with(measures, "A passage.", "")["letters"] is None


def test_a_plugin_in_a_group_that_there_is_not_is_told_with_the_one_that_may_be_meant(packages: Path) -> None:
    write_plugin(packages, "verbosify.measure", "letters", LETTERS)
    write_plugin(packages, "verbosify.zebras", "commas", COMMAS, package="verbosify-zoo")
    write_plugin(packages, "verbosifying", "commas", COMMAS, package="verbosifying")

    misspelt, unknown = lost_plugins()

    assert misspelt == (
        "The plug-in 'letters' (verbosify.measure) of verbosify-sample 1.0 is in a group that there is not: its author "
        "may have meant 'verbosify.measures'."
    )
    assert "verbosify-zoo" in unknown
    assert "the groups are verbosify.engines, verbosify.measures," in unknown


def test_plugins_can_be_turned_off(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plugin(packages, "verbosify.splitters", "commas", COMMAS)
    write_plugin(packages, "verbosify.splitter", "commas", COMMAS, package="verbosify-lost")
    monkeypatch.setenv("VERBOSIFY_PLUGINS", "off")

    assert find_plugins() == []
    assert lost_plugins() == []
    with pytest.raises(SettingsError, match="no sentence splitter called 'commas'"):
        split_sentences("One, two.", "commas")


def test_a_model_and_an_engine_of_plugins_are_loaded_by_their_names(packages: Path, tiny_gpt2: Path) -> None:
    write_plugin(packages, "verbosify.models", "toy", f"def add():\n    return {str(tiny_gpt2)!r}")
    code = """
def add(folder, *, name, licence, device, precision):
    from verbosify.models.pytorch.model import TorchModel
    from verbosify.models.store.provenance import weights_sha256
    return TorchModel(folder, name=name + "!", licence=licence, weights_sha256=weights_sha256(folder), precision="fp32")
"""
    write_plugin(packages, "verbosify.engines", "loud", code, package="verbosify-loud")

    assert load_model("toy").card.name == "toy"
    assert load_model("toy", engine="loud").card.name == "toy!"
    with pytest.raises(ModelError, match="no engine 'quiet': choose auto, torch, universal, tensorflow or loud"):
        load_model("toy", engine="quiet")


def test_what_a_plugin_gives_is_looked_at(packages: Path, tiny_gpt2: Path) -> None:
    write_plugin(packages, "verbosify.models", "toy", "def add():\n    return '/nowhere/at/all'")
    write_plugin(packages, "verbosify.engines", "mute", "def add(*_, **__):\n    return 7", package="verbosify-mute")

    with pytest.raises(PluginError, match=r"'toy' .* did not give the folder of its weights"):
        load_model("toy")
    with pytest.raises(PluginError, match=r"'mute' .* made no language model \(TypeError: int\)"):
        load_model(tiny_gpt2, engine="mute")
