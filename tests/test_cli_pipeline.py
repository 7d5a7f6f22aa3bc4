"""`verbosify pipeline`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Call

FILE = """
name = "harbour"
template = "{{ one }} waits for {{ two }}. "
opening = "The"
most = 20
clean = ["trim", "whole_sentences"]
refuse = ["unfinished"]
[settings]
n = 2
[[inputs]]
name = "one"
[[inputs]]
name = "two"
"""


def test_try_prints_the_trace_of_every_answer(call: Call, speaking_model: Path, tmp_path: Path) -> None:
    (tmp_path / "harbour.toml").write_text(FILE)
    asked = ("harbour.toml", "the [b]ferry[/b]", "one=The baker", "--model", speaking_model, "--seed", 1)

    said = call("pipeline", "try", *asked)
    told = call("pipeline", "try", *asked, "--json")

    assert said.code == told.code == 0
    outcome = json.loads(told.out)
    assert outcome["prompt"] == "The baker waits for the [b]ferry[/b]. The"
    plain = " ".join(said.out.split())
    assert outcome["prompt"] in plain
    for answer in outcome["answers"]:
        assert [entry["stage"] for entry in answer["trace"]][:3] == ["trim", "whole_sentences", "blank"]
        assert " ".join(answer["raw"].split()) in plain
    assert "whole_sentences:" in plain


def test_try_tells_why_there_is_no_answer_and_that_a_person_chooses(
    call: Call, speaking_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "none.toml").write_text(FILE.replace('"unfinished"', '{stage = "has", texts = ["e"]}'))
    (tmp_path / "person.toml").write_text(FILE + '[choose]\nrule = "person"\n')

    none = call("pipeline", "try", "none.toml", "a", "b", "--model", speaking_model)
    person = call("pipeline", "try", "person.toml", "a", "b", "--model", speaking_model)

    assert "None of 8 answers passed (8 × holds 'e')." in none.out
    assert none.out.count("Drawn again") == 3
    assert "passed: a person is to choose." in person.out


def test_what_is_wrong_is_one_sentence(call: Call, tmp_path: Path) -> None:
    (tmp_path / "harbour.toml").write_text(FILE)

    for arguments, said in [
        (("nowhere.toml", "a"), "nowhere.toml cannot be read"),
        (("harbour.toml", "a"), "The pipeline 'harbour' needs an input 'two'"),
        (("harbour.toml", "a", "b", "c"), "leave 'c' out"),
        (("harbour.toml", "a", " "), "two is empty"),
    ]:
        told = call("pipeline", "try", *arguments)
        assert told.code == 2
        assert said in told.err
        assert len(told.err.splitlines()) == 1


def test_the_stages_are_listed(call: Call) -> None:
    said = call("pipeline", "stages")

    assert said.code == 0
    for name in ("trim", "forbidden", "likelihood"):
        assert name in said.out
