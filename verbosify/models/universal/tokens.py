"""Text <-> tokens for any model: each continuation exactly as it follows, each text exactly as it was.

Tokenizers of SentencePiece's kind put a blank before a text and take it away again, so that the pieces of a text, each
decoded by itself, do not make the text. Here neither happens: a text begins as one does after a line break. What the
model was taught to find before every text (a BOS token) is put there at every reading, and is no part of the text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.openai import read_object
from verbosify.models.formats.vocabulary import PAIRS, load_tokenizer, token_pieces


class Tokens:
    """The vocabulary of the model in `folder`. `ModelError` if its files are missing or damaged.

    Attributes:
        lead: what stands before every text when it is read; often nothing.
        largest: the largest token id.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = _load(folder)
        self.largest = max(self._tokenizer.get_vocab().values(), default=-1)
        self.lead = self._lead(folder)

    def encode(self, text: str) -> list[int]:
        token_ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return token_ids

    def decode(self, token_ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return text

    def ends(self, *configurations: dict[str, Any]) -> frozenset[int]:
        """Every special token ends a text, since none can be written down, and so do those that are configured."""
        found = {token for token, added in self._tokenizer.get_added_tokens_decoder().items() if added.special}
        for configuration in configurations:
            listed = configuration.get("eos_token_id")
            found |= {token for token in (listed if isinstance(listed, list) else [listed]) if isinstance(token, int)}
        return frozenset(found)

    def pieces(self, size: int) -> list[bytes]:
        """What each of `size` tokens spells, in bytes."""
        return token_pieces(self._tokenizer, size)

    def _lead(self, folder: Path) -> list[int]:
        """What `tokenizer_config.json` says of a BOS token; else what the tokenizer itself puts before a text."""
        settings = _settings(folder)
        bos = settings.get("bos_token")
        name = bos.get("content") if isinstance(bos, dict) else bos
        token = self._tokenizer.token_to_id(name) if isinstance(name, str) else None
        if settings.get("add_bos_token") is True and token is not None:
            return [token]
        if settings.get("add_bos_token") is False:
            return []
        plain, dressed = (self._tokenizer.encode("a", add_special_tokens=added).ids for added in (False, True))
        places = [at for at in range(len(dressed)) if dressed[at : at + len(plain)] == plain]
        return list(dressed[: places[-1]]) if places else []


def _load(folder: Path) -> Any:
    """A `tokenizers.Tokenizer` to which no text is special and that adds no blank."""
    from tokenizers import Tokenizer

    known = (folder / "tokenizer.json").is_file() or any((folder / tokens).is_file() for tokens, _ in PAIRS)
    tokenizer = load_tokenizer(folder) if known else _build(folder)
    description = json.loads(tokenizer.to_str())
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        description[part] = _without_blanks(description.get(part))
    exact = Tokenizer.from_str(json.dumps(description))
    exact.encode_special_tokens = True  # an essay that spells a special token means its characters
    exact.no_padding()
    exact.no_truncation()
    return exact


def _build(folder: Path) -> Any:
    """What transformers makes of other files, such as SentencePiece's `tokenizer.model`."""
    from transformers import AutoTokenizer

    try:
        built = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return built.backend_tokenizer
    except Exception as error:  # whatever a tokenizer's own code raises
        said = (str(error).strip().splitlines() or [repr(error)])[0].rstrip(".:")
        raise ModelError(
            f"{folder} has no tokenizer.json, and transformers can make none of what is there ({said}): "
            "copy tokenizer.json there from where the model came from."
        ) from error


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    with os_errors_as_model_errors(path):
        return read_object(path) if path.is_file() else {}


def _without_blanks(part: Any) -> Any:
    """A part of a tokenizer's description without what puts a blank before a text, or takes it away."""
    if not isinstance(part, dict):
        return part
    for key in ("normalizers", "pretokenizers", "decoders"):
        if isinstance(part.get(key), list):
            kept = [_without_blanks(inner) for inner in part[key]]
            part = part | {key: [inner for inner in kept if inner is not None]}
            if not part[key]:
                return None
    if part.get("type") == "Prepend" or (part.get("type") == "Strip" and "content" in part):
        return None
    changed: dict[str, Any] = {"prepend_scheme": "never"} if part.get("type") == "Metaspace" else {}
    changed |= {"add_prefix_space": False} if part.get("type") == "ByteLevel" else {}
    return part | changed
