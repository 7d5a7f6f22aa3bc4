"""A pipeline as it is declared: refused where it makes no sense, and the same again after a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import InputError, SettingsError
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.pipeline import Choice, Input, Overfitting, Pipeline, Step, read_pipeline
from verbosify.pipeline.template import fill

POST = Input(name="post", most=150, clean=(Step("one_line"),), refuse=(Step("forbidden_words", {"words": ["rot"]}),))
REPLY = Pipeline(
    name="reply",
    template='A user posted: "{{ post | quoted }}".\nIn reply, another user posted: ',
    inputs=(POST,),
    overfit=Overfitting(on="{{ post }}", recipe=RECIPES["passage"]),
    settings=SamplingSettings(n=3, repetition_penalty=1.2),
    least=15,
    most=45,
    stops=("\n",),
    clean=(Step("trim"), Step("cut_characters", {"most": 144})),
    refuse=(Step("looped", {"most": 0.25}),),
    choose=Choice(rule="best", answers=3, measures=(Step("likelihood", weight=0.5), Step("variety"))),
)

TOML = """
name = "greeting"
template = "Hello, {{ who | line }}! "
stops = ["."]
most = 20
clean = ["trim", { stage = "before", marker = "!" }]

[settings]
n = 2
banned_strings = ["rain"]

[[inputs]]
name = "who"
least = 0
"""


def test_a_pipeline_is_the_same_after_json_and_its_fingerprint_tells_it_from_others(tmp_path: Path) -> None:
    (tmp_path / "reply.json").write_text(json.dumps(REPLY.to_dict()))

    again = read_pipeline(tmp_path / "reply.json")

    assert again == REPLY
    assert again.fingerprint == REPLY.fingerprint != replace(REPLY, most=44).fingerprint


def test_a_pipeline_is_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "greeting.toml").write_text("\ufeff" + TOML)

    pipeline = read_pipeline(tmp_path / "greeting.toml")

    assert pipeline.prompt({"who": "you\nthere"}) == "Hello, you there! "
    assert pipeline.clean == (Step("trim"), Step("before", {"marker": "!"}))
    assert pipeline.drawn(7) == SamplingSettings(
        n=2, length=20, stops=(".",), banned_strings=("rain",), seed=7, least_length=1
    )
    assert Pipeline.from_dict(pipeline.to_dict()) == pipeline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no name"),
        ('name = "x"', "has no template"),
        ('name = ""\ntemplate = "x"', "has no name"),
        ('name = "x"\ntemplate = ""', "has no template"),
        ("name = 3\ntemplate = 'x'", "name of a pipeline is 3"),
        ('name = "x"\ntemplate = "{{ y }}"', "names 'y', which is no input"),
        ('name = "x"\ntemplate = "{{ y.z }}"', "write {{ name }}"),
        ('name = "x"\ntemplate = "{{ y | loud }}"\n[[inputs]]\nname = "y"', "the filter 'loud'"),
        ('name = "x"\ntemplate = "x"\ncolour = 1', "has 'colour', which is not known"),
        ('name = "x"\ntemplate = "x"\nclean = ["wash"]', "There is no cleaner 'wash'"),
        ('name = "x"\ntemplate = "x"\nclean = ["looped"]', "is a refusal, not a cleaner"),
        ('name = "x"\ntemplate = "x"\nclean = [3]', "A step of a pipeline is 3"),
        ('name = "x"\ntemplate = "x"\nclean = "trim"', "it must be a list"),
        ('name = "x"\ntemplate = "x"\nclean = [{stage = "before"}]', "needs marker: a text"),
        ('name = "x"\ntemplate = "x"\nclean = [{stage = "trim", most = 3}]', "has no parameter 'most': it has none"),
        ('name = "x"\ntemplate = "x"\nclean = [{stage = "cut_characters", most = "3"}]', "must be a whole number"),
        ('name = "x"\ntemplate = "x"\nrefuse = [{stage = "has", text = "3"}]', "its parameters are texts"),
        ('name = "x"\ntemplate = "x"\nleast = -1', "least is -1"),
        ('name = "x"\ntemplate = "x"\nleast = 30\nmost = 20', "least_length is 30"),
        ('name = "x"\ntemplate = "x"\nstops = [""]', "stops is"),
        ('name = "x"\ntemplate = "x"\nsettings = 3', "settings is 3"),
        ('name = "x"\ntemplate = "x"\n[settings]\nlength = 3', "settings has length"),
        ('name = "x"\ntemplate = "x"\n[settings]\nheat = 3', "no field 'heat'"),
        ('name = "x"\ntemplate = "x"\ninputs = [3]', "An input is 3"),
        ('name = "x"\ntemplate = "x"\n[[inputs]]\nname = "a b"', "An input is called 'a b'"),
        ('name = "x"\ntemplate = "x"\n[[inputs]]\nname = "a"\nleast = 9\nmost = 2', "has 9 to 2 characters"),
        ('name = "x"\ntemplate = "x"\n[[inputs]]\nname = "a"\n[[inputs]]\nname = "a"', "two inputs of one name"),
        ('name = "x"\ntemplate = "x"\n[overfit]\non = "{{ a }}"', "names 'a', which is no input"),
        ('name = "x"\ntemplate = "x"\n[overfit]\nrecipe = "hot"', "no recipe called 'hot'"),
        ('name = "x"\ntemplate = "x"\n[choose]\nrule = "worst"', "must be first, best or person"),
        ('name = "x"\ntemplate = "x"\n[choose]\nrule = "best"', "by no measure"),
        ('name = "x"\ntemplate = "x"\n[choose]\nrounds = 0', "from 1 to 100"),
        ('name = "x"\ntemplate = "x"\n[choose]\nmeasures = [{stage = "variety", weight = "big"}]', "The weight of"),
        ("name = ", "it is not TOML"),
    ],
)
def test_what_is_no_pipeline_is_told_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "file.toml").write_text(text)

    with pytest.raises(SettingsError) as error:
        read_pipeline(tmp_path / "file.toml")

    assert said in str(error.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read"):
        read_pipeline("nowhere.toml")


@pytest.mark.parametrize("place", ["list", "text"])
def test_a_pipeline_is_a_table(place: str) -> None:
    with pytest.raises(SettingsError, match="it must be a table"):
        Pipeline.from_dict([] if place == "list" else "x")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'reply' needs an input 'post'"),
        ({"post": "a", "tone": "b"}, "takes no 'tone'"),
        ({"post": 3}, "post is int"),
        ({"post": ""}, "post is empty"),
        ({"post": " \n\t "}, "post is empty"),
        ({"post": "a" * 151}, "post is too long: give at most 150"),
        ({"post": "a" + "\u0301" * 9000}, "post is too long"),
        ({"post": "a" * 10**6}, "post is too long"),
        ({"post": "\ud800"}, "half a character"),
        ({"post": "All R0T."}, "holds a word that is not wanted"),
    ],
)
def test_what_is_given_is_looked_at_before_the_model_sees_it(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as error:
        REPLY.taken(given)

    assert said in str(error.value)


def test_a_length_is_counted_in_characters_that_people_see() -> None:
    family = "👨‍👩‍👧‍👦" * 150

    assert REPLY.taken({"post": family}) == {"post": family}


def test_an_input_may_be_left_empty_where_the_pipeline_says_so() -> None:
    pipeline = Pipeline(name="x", template="{{ a }}.", inputs=(Input(name="a", least=0),))

    assert pipeline.prompt(pipeline.taken({"a": ""})) == "."


@given(text=st.text())
def test_what_is_given_never_becomes_template(text: str) -> None:
    hostile = text + "{{ other }}{{ one | quoted }}{% raw %}"

    assert fill("<{{ one }}|{{ other }}>", {"one": hostile, "other": "secret"}) == f"<{hostile}|secret>"


@given(text=st.text())
def test_what_is_quoted_cannot_end_its_quotation(text: str) -> None:
    filled = fill('"{{ post | quoted }}"', {"post": text})

    inside = filled[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inside
    assert "\n" not in filled
    assert "\\" not in inside
