"""Measures that other packages add. Text in, numbers out, as with ours; but they are counted when asked for.

No record holds them: it would say nothing without the package. Nor do they earn badges or steer the curator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from verbosify.errors import PluginError
from verbosify.plugins import Plugin, load_plugins

GROUP = "verbosify.measures"


def plugged_measures(on_problem: Callable[[str], None] = lambda _: None) -> dict[str, Plugin]:
    """The measures of plug-ins by name: each is called with a passage and a sample, and gives a number or None.

    `on_problem` is called with a sentence for each that cannot be loaded.
    """
    return load_plugins(GROUP, on_problem)


def measure_with(
    plugins: Mapping[str, Plugin], passage: str, sample: str, on_problem: Callable[[str], None] = lambda _: None
) -> dict[str, float | None]:
    """What each measure says of a `sample` that continues `passage`; None where it says nothing, or fails.

    `on_problem` is called with a sentence that names the plug-in for each failure; the others are measured.
    """
    found: dict[str, float | None] = {}
    for name, plugin in plugins.items():
        try:
            found[name] = _number(plugin, plugin.call(passage, sample))
        except PluginError as error:
            found[name] = None
            on_problem(str(error))
    return found


def _number(plugin: Plugin, value: Any) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, str | bytes):  # a text of digits would pass
            raise TypeError(f"{value!r} is a text")
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise plugin.error("did not give a number", error) from error
    if not math.isfinite(number):
        raise plugin.error("did not give a finite number", ValueError(str(number)))
    return number
