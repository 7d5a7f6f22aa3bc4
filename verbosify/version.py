"""Which verbosify this is. Stands below every room."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def version_of_verbosify() -> str:
    """The installed version, or `unknown` in a checkout that is not installed."""
    try:
        return version("verbosify-studio")
    except PackageNotFoundError:
        return "unknown"
