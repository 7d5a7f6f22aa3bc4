"""The names of models: read, told apart, turned into addresses and into Python, and looked at. Knows no model.

Two names are the same if they differ in case or compatibility forms alone.
"""

from __future__ import annotations

import hashlib
import keyword
import re
import unicodedata
from functools import cache
from pathlib import Path

from verbosify.errors import InputError, SettingsError
from verbosify.files import os_errors_as
from verbosify.pipeline.template import in_one_line
from verbosify.words import perceived_characters

MOST_CHARACTERS = 64
_HERE = Path(__file__).parent
_WHOLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SUMMED = re.compile(r"-[0-9a-f]{8}\Z")
_WORDS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIZE = re.compile(
    r"(?:[-_. ]?(?:v?\d+(?:\.\d+)*[bmk]?|xs|xl|xxl|small|medium|large|base|tiny|mini|nano|turbo|chat|instruct))+\Z"
)


def read_names(path: Path) -> list[str]:
    """The names in a text file, one a line, each once; blank lines and those that begin with `#` are left out.

    Raises `SettingsError` if the file cannot be read, has no name in it, or a line is none.
    """
    with os_errors_as(SettingsError, path, "check the file"):
        content = path.read_bytes()
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 (byte {error.start}): save it as that.") from error
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name = model_name(line)
        except InputError as error:
            raise SettingsError(f"Line {number} of {path} is no name: {error}") from error
        names.setdefault(key_of(name), name)
    if not names:
        raise SettingsError(f"{path} has no name in it: write one a line.")
    return list(names.values())


def model_name(text: str) -> str:
    """`text` as a name: in one line, composed; `InputError` if it is empty, too long or no text."""
    if len(text) > 50 * MOST_CHARACTERS:  # before anything is done with it
        raise InputError(f"A name has at most {MOST_CHARACTERS} characters: shorten it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError("The name holds half a character: write it again.") from error
    name = in_one_line(unicodedata.normalize("NFC", text))
    if len(perceived_characters(name)) > MOST_CHARACTERS or len(name) > 12 * MOST_CHARACTERS:
        raise InputError(f"A name has at most {MOST_CHARACTERS} characters: shorten it.")
    if not any(character.isalnum() or unicodedata.category(character) == "So" for character in name):
        raise InputError("There is no name: write some letters.")
    return name


def key_of(name: str) -> str:
    """What two spellings of one name have in common."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def slug_of(name: str) -> str:
    """The name in an address: ASCII letters, digits and hyphens.

    It is the name itself where that consists of these; any other has a sum at its end, so that no two names share one.
    """
    key = key_of(name)
    if _WHOLE.fullmatch(key) and not _SUMMED.search(key) and len(key) <= 60:
        return key
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")
    return f"{readable or 'model'}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def class_of(name: str) -> str:
    """The name as a class in Python, in ASCII: `And/Or` is `AndOr`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parts = re.findall(r"[A-Za-z0-9]+", plain)
    joined = "".join(part[0].upper() + part[1:] for part in parts) or "Model"
    return f"Model{joined}" if joined[0].isdigit() or keyword.iskeyword(joined) else joined


def module_of(name: str) -> str:
    """The name as a module in Python: `And/Or` is `andor`."""
    module = class_of(name).lower()
    return f"{module}_" if keyword.iskeyword(module) else module


def really_exists(name: str) -> str | None:
    """The real model that bears this name, as it is known, or None: whatever its size, version and spelling."""
    known = _real_names()
    for spelling in (name, _SIZE.sub("", name.casefold())):
        plain = _letters(spelling)
        if plain in known:
            return known[plain]
    return None


def given_name(name: str) -> str | None:
    """The given name of a person that stands in it as a word of its own, or None."""
    return next((word for word in _name_words(name) if word.casefold() in _given_names()), None)


def names_a_person(name: str) -> bool:
    """Whether it is a person's: a given name and another word with a capital after it, and nothing else."""
    words = name.split()
    return (
        2 <= len(words) <= 4
        and all(re.fullmatch(r"[^\W\d_]+(?:[-'’.][^\W\d_]*)*", word) and word[0].isupper() for word in words)
        and words[0].casefold() in _given_names()
    )


def _name_words(name: str) -> list[str]:
    return [word for part in _WORDS.findall(name) for word in _HUMPS.split(part)]


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", key_of(name))
    return "".join(filter(str.isalnum, plain))


@cache
def _real_names() -> dict[str, str]:
    return {_letters(name): name for name in _lines("real_models.txt")}


@cache
def _given_names() -> frozenset[str]:
    return frozenset(word.casefold() for line in _lines("given_names.txt") for word in line.split())


def _lines(name: str) -> list[str]:
    text = (_HERE / "lists" / name).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
