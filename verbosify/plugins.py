"""Plug-ins: what other packages add to verbosify by entry points. Knows how to find them, not what they do.

A package names what it adds in its pyproject.toml, under one of `GROUPS`; once it is installed, verbosify finds it.
What fails in a plug-in is told as a `PluginError` that names it and its package, and harms nothing else. With
`VERBOSIFY_PLUGINS=off` in the environment there are none.
"""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import extract_tb
from typing import Any

from verbosify.errors import PluginError, VerbosifyError

GROUPS = {
    "verbosify.models": "a model's name -> the folder of its weights",
    "verbosify.engines": "a folder of weights -> a language model",
    "verbosify.splitters": "a paragraph -> its sentences",
    "verbosify.measures": "a passage and a sample -> a number",
    "verbosify.stages": "a stage of a pipeline",
    "verbosify.platforms": "where a bot listens and answers",
}
"""The groups of entry points, and what one of each is."""

SWITCH = "VERBOSIFY_PLUGINS"
"""The environment variable that turns plug-ins off."""


@dataclass(frozen=True, slots=True, order=True)
class Plugin:
    """One entry point of an installed package. It is not imported before it is loaded.

    Attributes:
        group: one of `GROUPS`.
        name: what it is called there, as in `--splitter NAME`.
        package: the distribution that brought it, and its `version`.
        target: where it is defined, as `module:name`.
    """

    group: str
    name: str
    package: str
    version: str
    target: str
    _entry: EntryPoint = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"the plug-in {self.name!r} ({self.group}) of {self.package} {self.version}"

    def load(self) -> Any:
        """What the entry point names, a callable; `PluginError` if it cannot be imported or is none."""
        try:
            loaded = self._entry.load()
        except (Exception, SystemExit) as error:
            raise self.error("cannot be loaded", error) from error
        if not callable(loaded):
            raise PluginError(f"{_capital(self)} cannot be loaded: {self.target} is not callable. {self._mend}")
        return loaded

    def call(self, *arguments: Any, **named: Any) -> Any:
        """Load and call it; any error in it but a `VerbosifyError` is a `PluginError` that names it."""
        loaded = self.load()
        try:
            return loaded(*arguments, **named)
        except VerbosifyError:
            raise
        except (Exception, SystemExit) as error:
            raise self.error("failed", error, _place_of(error)) from error

    def error(self, what: str, error: BaseException, where: str = "") -> PluginError:
        """What to raise where `error` came out of this plug-in; `where` may tell its place."""
        return PluginError(f"{_capital(self)} {what} ({type(error).__name__}: {error}{where}). {self._mend}")

    @property
    def _mend(self) -> str:
        return f"Uninstall {self.package} or install another version of it, or set {SWITCH}=off."


def find_plugins(group: str | None = None) -> list[Plugin]:
    """The plug-ins of a group, or of all, in order of group, name and package; nothing is imported.

    Two packages may have the same name: both are listed.
    """
    if _are_off():
        return []
    groups = GROUPS if group is None else (group,)
    return sorted(_plugin(entry) for group in groups for entry in entry_points(group=group))


def lost_plugins() -> list[str]:
    """A sentence for every entry point of a group that reads like one of ours and is none, in order."""
    if _are_off():
        return []
    installed = entry_points()
    groups = [group for group in installed.groups if group.startswith("verbosify.") and group not in GROUPS]
    lost = sorted(_plugin(entry) for group in groups for entry in installed.select(group=group))
    return [f"{_capital(plugin)} is in a group that there is not{_meant(plugin.group)}." for plugin in lost]


def find_plugin(group: str, name: str) -> Plugin | None:
    """The plug-in of that name, or None; `PluginError` if several packages have one."""
    found = [plugin for plugin in find_plugins(group) if plugin.name == name]
    if len(found) > 1:
        packages = " and ".join(plugin.package for plugin in found)
        raise PluginError(f"{packages} both have a plug-in {name!r} ({group}): uninstall one of them.")
    return found[0] if found else None


def load_plugins(group: str, on_problem: Callable[[str], None] = lambda _: None) -> dict[str, Plugin]:
    """All of a group by name, each loaded once to see that it can be.

    One that cannot be loaded, or whose name two packages have, is left out; `on_problem` is called with a sentence that
    names it.
    """
    found = find_plugins(group)
    times = Counter(plugin.name for plugin in found)
    loaded = {}
    for plugin in found:
        try:
            if times[plugin.name] == 1:
                plugin.load()
                loaded[plugin.name] = plugin
            else:
                find_plugin(group, plugin.name)  # which says who else has it
        except PluginError as error:
            on_problem(str(error))
    return loaded


def _are_off() -> bool:
    return os.environ.get(SWITCH, "").strip().lower() == "off"


def _plugin(entry: EntryPoint) -> Plugin:
    package = entry.dist
    name, version = (package.name, package.version) if package is not None else ("an unknown package", "?")
    return Plugin(entry.group, entry.name, name, version, entry.value, entry)


def _meant(group: str) -> str:
    last = {known.rpartition(".")[2]: known for known in sorted(GROUPS)}
    near = difflib.get_close_matches(group.rpartition(".")[2], last, n=1)
    return f": its author may have meant {last[near[0]]!r}" if near else f": the groups are {', '.join(last.values())}"


def _place_of(error: BaseException) -> str:
    """The file and line at which it was raised; nothing if that was not within what was called."""
    *_, last = extract_tb(error.__traceback__)
    return "" if last.filename == __file__ else f", at {Path(last.filename).name}, line {last.lineno}"


def _capital(plugin: Plugin) -> str:
    said = str(plugin)
    return said[0].upper() + said[1:]
