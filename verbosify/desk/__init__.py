"""The writing desk: a tree of drafts and what the model says in it, token by token; its server, widget and API.

Below it everything is a verb (`desk.Desk`): a JSON object in, a JSON object or a stream of events out. The server, the
notebook widget and the tests only carry verbs. Knows no piece: whoever starts the desk may lend it one (`lending`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verbosify.desk.widget import DeskWidget

__all__ = ["DeskWidget"]


def __getattr__(name: str) -> Any:
    """The widget, for which a notebook's packages are imported only when it is asked for."""
    if name == "DeskWidget":
        from verbosify.desk.widget import DeskWidget

        return DeskWidget
    raise AttributeError(name)
