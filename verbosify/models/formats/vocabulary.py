"""A model's vocabulary in Hugging Face's layout: tokenizer.json, or the pair vocab.json and merges.txt of GPT-2.

The pair is read as `tokenizer.json` would describe it: bytes as symbols, merged. Knows files, no engine and no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.openai import END_OF_TEXT, read_encoder, read_merges, read_object

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAIRS = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))
"""Tokens and merges, by the names that Hugging Face and that OpenAI give the same two files."""
VOCABULARY_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    *(name for pair in PAIRS for name in pair),
)
"""All that may say something of a vocabulary."""


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of the model in `folder`, to which no text is special. `ModelError` if its files are no good."""
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            tokenizer = Tokenizer.from_file(str(path))
        else:
            tokenizer = Tokenizer.from_str(json.dumps(describe_tokenizer(folder)))
    except ModelError:
        raise
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{path} is missing or damaged: fetch the model again.") from error
    tokenizer.encode_special_tokens = True  # an essay that spells a special token means its characters
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def token_pieces(tokenizer: Tokenizer, size: int) -> list[bytes]:
    """What each of `size` tokens spells, in bytes; nothing, if it is special or not in the vocabulary."""
    decoder = tokenizer.decoder.__getstate__() if tokenizer.decoder else b""
    spell = _spell_bytes if b'"ByteLevel"' in decoder else _spell_words
    added = tokenizer.get_added_tokens_decoder()
    pieces = [b""] * size
    for content, token in tokenizer.get_vocab(with_added_tokens=True).items():
        if token < size and token not in added:
            pieces[token] = spell(content)
    for token, entry in added.items():
        if token < size and not entry.special:
            pieces[token] = entry.content.encode()
    return pieces


def _spell_bytes(content: str) -> bytes:
    """GPT-2 writes every byte as a character of its own."""
    return bytes(_BYTES[character] for character in content if character in _BYTES)


def _spell_words(content: str) -> bytes:
    """SentencePiece writes a space as a low line of its own, and a byte that has no token as `<0x0A>`."""
    if re.fullmatch(r"<0x[0-9A-F]{2}>", content):
        return bytes.fromhex(content[3:5])
    return content.replace("▁", " ").encode()


def _byte_characters() -> dict[str, int]:
    """Printable characters of Latin-1 stand for themselves, the other bytes for those from 256 on, in order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _byte_characters()


def describe_tokenizer(folder: Path) -> dict[str, Any]:
    """What the folder's `tokenizer.json` says, or would say if the folder had it instead of the pair.

    Raises `ModelError` if there is neither, or a file is damaged.
    """
    path = folder / "tokenizer.json"
    with os_errors_as_model_errors(path):
        if path.is_file():
            return read_object(path)
        for tokens, merges in PAIRS:
            missing = [name for name in (tokens, merges) if not (folder / name).is_file()]
            if not missing:
                return _describe_pair(folder, tokens, merges)
            if len(missing) == 1:
                other = merges if missing[0] == tokens else tokens
                raise ModelError(
                    f"{folder / missing[0]} is missing, and {other} says nothing without it: copy it there from where "
                    "the model came from."
                )
    raise ModelError(
        f"{path} is missing or damaged, and there is no vocab.json with merges.txt instead: fetch the model again."
    )


def _describe_pair(folder: Path, tokens: str, merges: str) -> dict[str, Any]:
    vocabulary = read_encoder(folder / tokens)
    config = _read_if_there(folder / "tokenizer_config.json")
    prefixed = config.get("add_prefix_space") is True
    byte_level = {"type": "ByteLevel", "add_prefix_space": prefixed, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "added_tokens": _added_tokens(folder, vocabulary, config),
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": vocabulary,
            "merges": [" ".join(pair) for pair in read_merges(folder / merges, vocabulary)],
        },
    }


def _added_tokens(folder: Path, vocabulary: dict[str, int], config: dict[str, Any]) -> list[dict[str, Any]]:
    """The special tokens, and what was added to the vocabulary later, in the order of their ids.

    As in transformers' GPT-2 the end of a text is special whatever the files say.
    """
    numbers = dict(vocabulary)
    special = {END_OF_TEXT, *_contents(_read_if_there(folder / "special_tokens_map.json"))}
    special |= set(_contents({name: value for name, value in config.items() if name.endswith(("_token", "_tokens"))}))
    added = _read_if_there(folder / "added_tokens.json")
    for number, token in _read_mapping(config.get("added_tokens_decoder")).items():
        content = token.get("content") if isinstance(token, dict) else None
        if isinstance(content, str) and number.isdecimal():
            added[content] = int(number)
            special |= {content} if token.get("special") else set()
    numbers |= {token: number for token, number in added.items() if isinstance(number, int)}
    found = {token: numbers[token] for token in {*added, *special} if token in numbers}
    return [
        {"id": number, "content": token, "special": token in special}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for token, number in sorted(found.items(), key=lambda item: item[1])
    ]


def _contents(values: dict[str, Any]) -> Iterator[str]:
    """The tokens of a special_tokens_map: each a text, a text with properties, or a list of such."""
    for value in values.values():
        for token in value if isinstance(value, list) else [value]:
            content = token.get("content") if isinstance(token, dict) else token
            if isinstance(content, str):
                yield content


def _read_if_there(path: Path) -> dict[str, Any]:
    return read_object(path) if path.is_file() else {}


def _read_mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
