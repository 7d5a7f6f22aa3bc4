"""What tokens spell, in bytes, and which of them would complete a string in a text. Knows no engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence


class Spelling:
    """The bytes of every token of a vocabulary, by its id; a token that cannot be written down spells none."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._by_first: defaultdict[int, list[int]] = defaultdict(list)
        for token, piece in enumerate(pieces):
            if piece:
                self._by_first[piece[0]].append(token)
        self._completing: dict[bytes, list[list[int]]] = {}

    def __len__(self) -> int:
        return len(self._pieces)

    def of(self, token: int) -> bytes:
        """The bytes of a token."""
        return self._pieces[token]

    def completing(self, text: Sequence[int], strings: Sequence[str]) -> set[int]:
        """The tokens after which a text, given as tokens, would have one of the strings in it, over its end."""
        wanted = [string.encode() for string in strings]
        longest = max(map(len, wanted), default=0)
        end = b"".join(self._pieces[token] for token in text[len(text) - min(longest, len(text)) :])
        return {token for string in wanted for token in self._after(end, string)}

    def _after(self, end: bytes, string: bytes) -> Iterator[int]:
        if string not in self._completing:
            within = [token for token, piece in enumerate(self._pieces) if string in piece]
            self._completing[string] = [within, *(self._beginning(string[at:]) for at in range(1, len(string)))]
        for spelt, tokens in enumerate(self._completing[string]):
            if end.endswith(string[:spelt]):
                yield from tokens

    def _beginning(self, string: bytes) -> list[int]:
        return [token for token in self._by_first[string[0]] if self._pieces[token].startswith(string)]
