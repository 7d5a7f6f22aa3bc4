"""Texts that a model has read lately, so that what goes on from one of them is not read anew. Knows tokens.

To be used in the model's own thread alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from verbosify.models.session import Engine, Session

KEPT = 8
"""Texts that are kept of one set of weights: a few tabs, each with what it went back to."""


class WarmTexts:
    """Sessions of one set of weights, the one used last at the end."""

    def __init__(self) -> None:
        self._sessions: list[Session] = []

    def session(self, model: Engine, token_ids: Sequence[int]) -> Session:
        """A session on these tokens, for the caller alone; read from where one that is kept begins likewise.

        A kept one that is the beginning of the text goes on itself; another is forked, and stays as it was.
        """
        best, shared = None, 0
        for session in self._sessions:
            alike = _alike(session.token_ids, token_ids)
            if alike > shared:
                best, shared = session, alike
        if best is None:
            kept = Session(model, list(token_ids))
        else:
            kept = best
            if shared == len(best.token_ids):
                self._sessions.remove(best)
            else:
                kept = best.fork()
            kept.become(token_ids)
        self._sessions.append(kept)
        del self._sessions[:-KEPT]
        return kept.fork()


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
