"""Static pages from piece.json: the readings, how they were made, and everything needed to check it.

Knows no model and runs none: pages are a pure function of the record.
"""

from __future__ import annotations

from verbosify.site.building import build_site, check_site

__all__ = ["build_site", "check_site"]
