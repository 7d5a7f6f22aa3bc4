"""Every stage by itself: what it makes of a text, or why it refuses it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import ROOT
from verbosify.pipeline import Context, Step, Words, list_stages

PROMPT = "1. [StyleGAN] StyleGAN is a model that paints the faces of people who do not exist.\n2. [MothNet] MothNet is"
HERE = Context({"name": "MothNet"}, PROMPT, "MothNet is")


def cleaned(stage: str, text: str, **parameters: Any) -> str:
    return str(Step(stage, parameters).apply("cleaner", text, HERE))


def reason(stage: str, text: str, **parameters: Any) -> str | None:
    refused: str | None = Step(stage, parameters).apply("refusal", text, HERE)
    return refused


@pytest.mark.parametrize(
    ("stage", "parameters", "text", "wanted"),
    [
        ("trim", {}, " a b\n", "a b"),
        ("one_line", {}, " a\n\x00b\u2028c ", "a b c"),
        ("first_line", {}, "\n \nb\nc", "b"),
        ("first_line", {}, " \n", ""),
        ("first_paragraph", {}, "\na\nb\n \nc", "a\nb"),
        ("after_last", {"marker": "posted: "}, "x posted: y posted: z", "z"),
        ("after_last", {"marker": "posted: "}, "z", "z"),
        ("before", {"marker": "```"}, "code```more", "code"),
        ("cut_characters", {"most": 3}, "abcd", "abc"),
        ("cut_characters", {"most": 2}, "e\u0301👨‍👩‍👧x", "e\u0301👨‍👩‍👧"),
        ("cut_characters", {"most": 9}, "abc", "abc"),
        ("back_to", {}, "Yes. And so", "Yes."),
        ("back_to", {}, "Yes, and so", "Yes,"),
        ("back_to", {}, ".and so", ".and so"),
        ("back_to", {}, "and so", "and so"),
        ("whole_sentences", {}, "He said “no.” And th", "He said “no.”"),
        ("whole_sentences", {}, "Is it? Version 2.5 of i", "Is it?"),
        ("whole_sentences", {}, "It is by J. Smi", "It is by J. Smi"),
        ("whole_sentences", {}, "All well.", "All well."),
        ("whole_sentences", {}, "船は港を出る。風が", "船は港を出る。"),
        ("whole_sentences", {"otherwise": "word"}, "no end at al", "no end at"),
        ("whole_sentences", {"otherwise": "word"}, "alone", "alone"),
        ("whole_sentences", {"otherwise": "drop"}, "no end at al", ""),
        ("whole_sentences", {"marks": ".!"}, "Yes! Is it?", "Yes!"),
        ("unquote", {}, ' "a" ', "a"),
        ("unquote", {}, "“‘a’”", "a"),
        ("unquote", {}, '"a" or "b"', '"a" or "b"'),
        ("unquote", {}, '"a', "a"),
        ("unquote", {}, 'a"', "a"),
        ("unquote", {}, '"', ""),
        ("drop_leading", {"start": ">"}, ">> a", "> a"),
        ("unescape", {}, r"it\u2019s \ud83d 5 &amp;amp; 6\n", "it’s  5 & 6\n"),
        ("drop_links", {}, "see https://a.example http://b.example now", "see now"),
        ("drop_links", {}, "pic.twitter.com/abc t.co/xyz", ""),
        ("drop_links", {}, "two  spaces", "two  spaces"),
        ("drop_markers", {}, "<|startoftext|>a<|endoftext|>b", "a"),
        ("replace", {"old": "colour", "new": "color"}, "colours", "colors"),
        ("replace", {"old": "", "new": "-"}, "ab", "ab"),
        ("before_repetition", {}, "It is a moth. It is red. It is a moth. So.", "It is a moth. It is red."),
        ("before_repetition", {}, "one two three four", "one two three four"),
        ("python_lines", {}, "import a\na.b(\n", "import a"),
        ("python_lines", {}, "this is no code", ""),
        ("python_lines", {"most": 1}, "x = 1\ny = 2", "x = 1"),
        ("before_repeated_lines", {}, "x = 1\ny = 2\nx = 1\nz = 3", "x = 1\ny = 2"),
        ("before_repeated_lines", {}, "f(\n 1\n)\ng(\n 2\n)", "f(\n 1\n)\ng(\n 2\n)"),
    ],
)
def test_a_cleaner_changes_what_it_says(stage: str, parameters: dict[str, Any], text: str, wanted: str) -> None:
    assert cleaned(stage, text, **parameters) == wanted


@pytest.mark.parametrize(
    ("stage", "parameters", "text", "wanted"),
    [
        ("blank", {}, " .\n", "is blank"),
        ("blank", {}, "a", None),
        ("garbled", {}, "a \ufffd b", "holds a broken character"),
        ("garbled", {}, "a\x07b", "holds a broken character"),
        ("garbled", {}, "a\tb\r\n漢 🦆🏽 é", None),
        ("forbidden_words", {"words": ["ass"]}, "A classic", None),
        ("forbidden_words", {"words": ["ASS"]}, "What an ass!", "holds a word that is not wanted"),
        ("fewer_words", {"least": 3}, "one two", "is too short"),
        ("fewer_words", {"least": 2}, "one two", None),
        ("more_words", {"most": 1}, "one two", "is too long"),
        ("more_words", {"most": 2}, "one two", None),
        ("unfinished", {}, "and then", "ends inside a sentence"),
        ("unfinished", {}, "And then?", None),
        ("looped", {}, "It is red. It is red.", "says the same again"),
        ("looped", {}, "a b c d a b c d a b c d", "says the same again"),
        ("looped", {}, "It is red. It is not.", None),
        ("copied", {}, "MothNet is a model that paints the faces of people who do.", "copies the prompt"),
        ("copied", {}, "MothNet is a lamp that finds moths in the dark.", None),
        ("copied", {"words": 99, "share": 0.5}, "paints the faces of people who", "copies the prompt"),
        ("has", {"texts": ["http", "@"]}, "HTTPS", "holds 'http'"),
        ("has", {"texts": ["http"]}, "moth", None),
        ("unnamed", {"input": "name"}, "A lamp", "does not name its name"),
        ("unnamed", {"input": "name"}, "mothnet", None),
        ("lacks", {"texts": ["model", "robot"]}, "A lamp", "has none of model, robot"),
        ("lacks", {"texts": ["model", "robot"]}, "Robots", None),
        ("not_python", {}, "this is no code", "is not Python"),
        ("not_python", {}, "return 1", "is not Python"),
        ("not_python", {}, "f(a=1, a=2)", "is not Python"),
        ("not_python", {"least": 2}, "'text'\nx = 1", "says too little"),
        ("not_python", {"least": 1}, "x = 1", None),
        ("not_python", {"least": 3}, "for x in y:\n    if x:\n        pass", "says too little"),
        ("not_python", {"least": 3}, "for x in y:\n    if x:\n        y()", None),
        ("imports_other", {"modules": ["torch"]}, "import torch.nn as nn\nfrom torch import tensor", None),
        ("imports_other", {"modules": ["torch"]}, "import os.path", "imports os"),
        ("imports_other", {"modules": ["torch"]}, "from . import secret", "imports from beside it"),
        ("imports_other", {"modules": []}, "print(eval('1'))", "uses eval"),
        ("imports_other", {"modules": []}, "().__class__", "uses __class__"),
        ("imports_other", {"modules": []}, "__import__('os')", "uses __import__"),
        ("imports_other", {"modules": []}, "no code", "is not Python"),
        ("imports_other", {"modules": []}, "model.open('a')", None),
        ("imports_other", {"modules": [], "inputs": ["name"]}, "from MothNet import MothNet", None),
    ],
)
def test_a_refusal_says_why(stage: str, parameters: dict[str, Any], text: str, wanted: str | None) -> None:
    assert reason(stage, text, **parameters) == wanted


@pytest.mark.parametrize("source", ["(" * 5000, "x = " * 9000, "\x00", "'\\d'", "\ud800"])
def test_no_source_breaks_the_parser(source: str) -> None:
    assert cleaned("python_lines", source) in ("", "'\\d'")
    reason("imports_other", source, modules=[])


@pytest.mark.parametrize(
    "text", ["What a CLÁSS!", "class", "c l a s s", "c.l.a.s.s", "cl4$$", "сlаss", "ｃｌａｓｓ", "cla\u200bss", "𝐜𝐥𝐚𝐬𝐬"]
)
def test_a_word_is_found_however_it_is_spelt(text: str) -> None:
    assert Words(["class", "two words"]).found(text) == "class"


def test_words_are_found_whole_and_phrases_across_anything_but_letters() -> None:
    listed = Words(["class", "Two  Words", "ok", ""])

    assert listed.found("classic subclass CLASSES _classy") is None
    assert listed.found("in two\n words") == "two words"
    assert listed.found("o k") is None
    assert Words([]).found("anything") is None


@given(text=st.text(), place=st.integers(0, 20))
def test_no_text_breaks_a_cleaner_or_a_refusal(text: str, place: int) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "after_last": {"marker": "a"},
        "before": {"marker": "a"},
        "cut_characters": {"most": place},
        "drop_leading": {"start": ">"},
        "replace": {"old": "a", "new": ""},
        "forbidden_words": {"words": ["rot", "two words"]},
        "fewer_words": {"least": place},
        "more_words": {"most": place},
        "has": {"texts": ["a"]},
        "lacks": {"texts": ["a"]},
        "unnamed": {"input": "name"},
        "imports_other": {"modules": ["torch"]},
        "fit_post": {"most": place + 1},
        "line_of": {"corpus": str(ROOT / "corpora" / "ambrose" / "posts.txt")},
    }
    for stage in list_stages()[0]:
        if not stage.function.__module__.startswith("verbosify.pipeline."):
            continue  # another package's, or another room's
        if stage.kind == "cleaner":
            assert isinstance(cleaned(stage.name, text, **parameters.get(stage.name, {})), str)
        elif stage.kind == "refusal":
            refused = reason(stage.name, text, **parameters.get(stage.name, {}))
            assert refused is None or refused
