"""A look at the mentions: page by page, newest first, as far back as there can be new ones. Knows no protocol.

Most looks end with the first page that holds nothing new. A mention that a platform delivers late may lie behind such a
page, among older ones: so now and then a look goes on to what was written at a given moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from verbosify.exhibits.bot.platform import Mention, Page
from verbosify.record.fields import moment

MOST_PAGES = 400
"""Of one look, so that it ends whatever a platform says."""
LATEST = timedelta(days=7)
"""How much later than it was written a mention may be delivered among older ones, and is still found."""


def look(read: Callable[[str | None], Page | None], since: str | None = None) -> list[Mention]:
    """All new mentions, oldest first.

    Args:
        read: gives the page at a place, the newest at None; or None, if the look is not wanted any more. Then nothing
            is found: what was new is left for the next look.
        since: the moment, ISO 8601 in UTC, to which it goes on though a page holds nothing new; None for none.
    """
    found: list[Mention] = []
    place: str | None = None
    for _ in range(MOST_PAGES):
        page = read(place)
        if page is None:
            return []
        found += page.new
        place = page.next
        if place is None or (not page.new and (since is None or page.oldest < since)):
            break
    return found[::-1]


def far_back(began: str) -> str:
    """The moment to which a far look goes, for a bot that began to listen then."""
    return max(began, moment(datetime.now(UTC) - LATEST))
