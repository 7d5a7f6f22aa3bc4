"""Names of models: read, told apart, in addresses and in Python; those that exist, and those of people."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import InputError, SettingsError
from verbosify.exhibits.gallery.names import (
    class_of,
    given_name,
    key_of,
    model_name,
    module_of,
    names_a_person,
    read_names,
    really_exists,
    slug_of,
)

TEXTS = st.text(min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("MothLamp", "mothlamp"), ("Sourdough-7B", "sourdough-7b"), ("２Ｂ", "2b")],
)
def test_a_plain_name_is_its_own_address(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_addresses_survive_slashes_percent_signs_emoji_and_right_to_left_names() -> None:
    """† 000: names containing / or % broke the link."""
    names = ["And/Or", "And-Or", "and or", "99% Sure", "99%2F", "🐌Net", "🦉Net", "מגדלור", "..", "a" * 64, "?#", "É"]

    slugs = [slug_of(name) for name in names]

    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug) and len(slug) <= 60 for slug in slugs)
    assert len(set(slugs)) == len(names)
    assert slug_of(slugs[0]) != slugs[0]


@given(one=TEXTS, other=TEXTS)
def test_two_names_share_an_address_only_if_they_are_the_same(one: str, other: str) -> None:
    assert (slug_of(one) == slug_of(other)) == (key_of(one) == key_of(other))


@given(text=TEXTS)
def test_a_name_is_a_module_and_a_class_in_python(text: str) -> None:
    source = f"from {module_of(text)} import {class_of(text)}\n\nmodel = {class_of(text)}()"

    assert ast.parse(source)
    assert source.isascii()


@pytest.mark.parametrize(("name", "made"), [("And/Or", "AndOr"), ("99% Sure", "Model99Sure"), ("🐌", "Model")])
def test_a_class_is_called_as_its_model(name: str, made: str) -> None:
    assert class_of(name) == made
    assert module_of("Lambda") == "lambda_"


@pytest.mark.parametrize("name", ["GPT-2", "gpt2", "GPT 4", "Llama-3-8B-Instruct", "stable diffusion XL", "ＢＥＲＴ"])
def test_a_model_that_exists_is_known_in_any_spelling_and_size(name: str) -> None:
    """Asked for of a neighbour of 000: warn when the entered thing really exists."""
    assert really_exists(name)


@pytest.mark.parametrize("name", ["MothLamp", "Gossip-2", "Clipper", "Large", "7B", "Optimist"])
def test_a_model_that_does_not_exist_is_not_warned_of(name: str) -> None:
    assert really_exists(name) is None


def test_a_persons_name_is_told_from_a_models() -> None:
    """Asked for of a neighbour of 000: human-named pages must not claim a machine invented them."""
    assert names_a_person("Margaret Harbour")
    assert names_a_person("Jean-Paul Harbour") or given_name("Jean-Paul Harbour")
    assert not names_a_person("Margaret")
    assert not names_a_person("Rain Check")
    assert not names_a_person("Margaret 7B")
    assert given_name("MargaretNet") == "Margaret"
    assert given_name("Big-Otto-7B") == "Otto"
    assert given_name("Ottoman") is None


@pytest.mark.parametrize(
    "text", ["", "  ", "\n", "...", "a" * 65, "e\u0301" * 65, "\ud800", "a" + "\u0301" * 9999, "\u202e"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        model_name(text)


def test_a_name_is_one_line_of_at_most_64_characters_that_people_see() -> None:
    assert model_name(" Moth\n\tLamp\u202e ") == "Moth Lamp"
    assert model_name("👨‍👩‍👧‍👦" * 64) == "👨‍👩‍👧‍👦" * 64
    assert model_name("e\u0301") == "é"


def test_names_are_read_once_each(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\ufeff# ours\nMothLamp\n\n  And/Or \nMOTHLAMP\n", encoding="utf-8")

    assert read_names(tmp_path / "names.txt") == ["MothLamp", "And/Or"]


def test_a_file_that_holds_no_names_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("MothLamp\n" + "a" * 65)
    (tmp_path / "latin.txt").write_bytes(b"Caf\xe9")

    with pytest.raises(SettingsError, match=r"Line 2 of .*long\.txt is no name"):
        read_names(tmp_path / "long.txt")
    with pytest.raises(SettingsError, match="is not UTF-8"):
        read_names(tmp_path / "latin.txt")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_names(tmp_path / "nowhere.txt")
    (tmp_path / "none.txt").write_text("\n# not yet\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"none\.txt has no name in it: write one a line"):
        read_names(tmp_path / "none.txt")
