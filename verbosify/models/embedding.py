"""Sentences -> vectors whose inner product says how close two are in meaning. Knows no passages and no thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

LONGEST = 256  # word pieces, as all-MiniLM-L6-v2 is configured; two of them open and close every text
_FRAME = 2
_ROWS_AT_ONCE = 16
_ROWS_ON_A_CARD = 256
_FILES = ("config.json", "model.safetensors", "tokenizer.json")


class SentenceEmbedder:
    """A BERT encoder with mean pooling, such as all-MiniLM-L6-v2 (Reimers and Gurevych 2019, Sentence-BERT).

    It runs in float32: in bfloat16 it is twice as fast, but moves cosines by up to 0.003. On a processor, the number of
    threads is PyTorch's own (`torch.set_num_threads`).
    """

    def __init__(self, folder: str | Path, device: str = "cpu") -> None:
        """Load `config.json`, `model.safetensors` and `tokenizer.json` of `folder`; nothing else is read or run.

        `device` is `cpu` or `cuda`; the processor is quick enough but for many thousands of texts.

        Raises `ModelError` if one of them is missing or damaged, or it is no BERT model.
        """
        from verbosify.models.bert import load_bert

        place = Path(folder)
        for name in _FILES:
            if not (place / name).is_file():
                raise ModelError(f"{place} holds no {name}: fetch the model again.")
        try:
            self._model = load_bert(place).to(device)
            self._device = device
            self._tokenizer = _load_tokenizer(place, min(LONGEST, self._model.longest))
        except ModelError:
            raise
        except Exception as error:  # whatever the libraries raise on a damaged file, bare Exception included
            raise ModelError(f"The model in {place} is damaged: fetch it again.") from error

    @property
    def width(self) -> int:
        """How many numbers a vector has: 384 for all-MiniLM-L6-v2."""
        return self._model.width

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text, in order: shape (len(texts), width), each of length 1, so that `a @ b` is the cosine.

        A text without word pieces gives a vector of zeros, whose cosine with anything is 0. Of a text
        longer than 256 word pieces the rest is not seen. The same texts give the same vectors; in other
        company a text's may differ by rounding, in the seventh digit.
        """
        import numpy as np

        encodings = self._tokenizer.encode_batch([_without_surrogates(text) for text in texts])
        ids: list[list[int]] = [encoding.ids for encoding in encodings]
        vectors = np.zeros((len(ids), self.width), dtype=np.float32)
        # Texts of a like length go together, so that little is spent on padding.
        order = sorted((row for row in range(len(ids)) if len(ids[row]) > _FRAME), key=lambda row: len(ids[row]))
        at_once = _ROWS_AT_ONCE if self._device == "cpu" else _ROWS_ON_A_CARD
        for start in range(0, len(order), at_once):
            rows = order[start : start + at_once]
            vectors[rows] = self._pooled([ids[row] for row in rows]).cpu().numpy()
        return vectors

    def _pooled(self, ids: list[list[int]]) -> torch.Tensor:
        """The normalised mean of the last hidden states of each row's own tokens: (rows, width)."""
        import torch
        from torch.nn import functional
        from torch.nn.utils.rnn import pad_sequence

        with torch.inference_mode():
            tokens = pad_sequence([torch.tensor(row) for row in ids], batch_first=True).to(self._device)
            own = pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in ids], batch_first=True)
            own = own.to(self._device)
            hidden = self._model(tokens, ~own)
            # Length does not matter to the mean: a sum points the same way.
            return functional.normalize((hidden * own[..., None]).sum(dim=1), dim=1)


def _load_tokenizer(place: Path, longest: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # a text that spells a special token means its characters
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def _without_surrogates(text: str) -> str:
    """Half a surrogate pair is no character: the tokenizer refuses it, so it is read as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
