"""The stages there are: small named functions with declared parameters, ours and those of other packages.

A cleaner changes an answer, a refusal tells why it will not do, a measure says how good it is. Another package adds one
by an entry point of the group `verbosify.stages`, called as the stage, that names a function with one of the three
decorators of this module. It is imported when a pipeline names it. If that fails, whoever named it is told so.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar, overload

from verbosify.errors import PluginError, SettingsError
from verbosify.plugins import Plugin, find_plugin, find_plugins

GROUP = "verbosify.stages"
Kind = Literal["cleaner", "refusal", "measure"]
Function = TypeVar("Function", bound=Callable[..., Any])

_MARK = "__verbosify_stage__"


@dataclass(frozen=True, slots=True)
class Stage:
    """One of them.

    Attributes:
        kind: `cleaner` (text, context) -> text; `refusal` (text, context) -> why it will not do, or None; `measure`
            (text, context) -> a number, the larger the better.
        function: takes text and context, and the parameters by name.
        early: a refusal that, if it refuses a text, refuses all that begin like it: streams ask it while a text grows.
        package: whose it is.
    """

    name: str
    kind: Kind
    function: Callable[..., Any] = field(repr=False)
    early: bool = False
    package: str = "verbosify"

    @property
    def description(self) -> str:
        """What it does, in a line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Those to be given by name."""
        declared = inspect.signature(self.function, eval_str=True).parameters
        return {name: each for name, each in declared.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}

    def check(self, values: Mapping[str, Any]) -> None:
        """`SettingsError` unless `values` are its parameters."""
        declared = self.parameters
        for name in values:
            if name not in declared:
                known = f"its parameters are {', '.join(declared)}" if declared else "it has none"
                raise SettingsError(f"The stage {self.name} has no parameter {name!r}: {known}.")
        for name, parameter in declared.items():
            if name not in values and parameter.default is inspect.Parameter.empty:
                raise SettingsError(f"The stage {self.name} needs {name}: {_named(parameter.annotation)}.")
            if name in values and not _is(values[name], parameter.annotation):
                kind = _named(parameter.annotation)
                raise SettingsError(f"{name} of the stage {self.name} is {values[name]!r}: it must be {kind}.")


def cleaner(function: Function) -> Function:
    """Mark a function `(text, context, *, parameters) -> text` as a stage."""
    return _marked(function, "cleaner", early=False)


@overload
def refusal(function: Function) -> Function: ...
@overload
def refusal(*, early: bool) -> Callable[[Function], Function]: ...
def refusal(function: Any = None, *, early: bool = False) -> Any:
    """Mark a function `(text, context, *, parameters) -> str | None` as a stage that refuses answers, for that reason.

    An `early` one refuses every text that begins like one it refuses.
    """
    if function is None:
        return lambda given: _marked(given, "refusal", early=early)
    return _marked(function, "refusal", early=early)


def measure(function: Function) -> Function:
    """Mark a function `(text, context, *, parameters) -> float` as a stage; larger is better."""
    return _marked(function, "measure", early=False)


def find_stage(name: str, kind: Kind) -> Stage:
    """The stage of that name and kind.

    Raises `SettingsError` if there is none or it is of another kind; `PluginError` if the package that has it fails.
    """
    stage = _ours().get(name) or _theirs(name)
    if stage is None:
        known = ", ".join(sorted(other for other, each in _ours().items() if each.kind == kind))
        raise SettingsError(f"There is no {kind} {name!r}: choose {known}, or install the package that has it.")
    if stage.kind != kind:
        raise SettingsError(f"The stage {name} is a {stage.kind}, not a {kind}: put it where those are listed.")
    return stage


def list_stages() -> tuple[list[Stage], list[str]]:
    """All stages, by kind and name; and a sentence for each of another package that cannot be had."""
    stages, notices = list(_ours().values()), []
    for plugin in find_plugins(GROUP):
        if plugin.name in _ours():
            notices.append(f"The stage {plugin.name} of {plugin.package} is not used: verbosify has one of that name.")
            continue
        try:
            stages.append(_loaded(plugin))
        except PluginError as error:
            notices.append(str(error))
    return sorted(stages, key=lambda stage: (stage.kind, stage.name)), notices


def _marked(function: Function, kind: Kind, *, early: bool) -> Function:
    setattr(function, _MARK, (kind, early))
    return function


def stages_of(module: types.ModuleType) -> dict[str, Stage]:
    """The stages that a module defines, by name."""
    return {
        name: Stage(name, *_mark_of(value))
        for name, value in vars(module).items()
        if hasattr(value, _MARK) and value.__module__ == module.__name__
    }


def _mark_of(function: Any) -> tuple[Kind, Callable[..., Any], bool]:
    kind, early = getattr(function, _MARK)
    return kind, function, early


@cache
def _ours() -> dict[str, Stage]:
    from verbosify.pipeline import cleaners, code, opinions, posts, refusals

    return {
        name: stage
        for module in (cleaners, code, posts, refusals, opinions)
        for name, stage in stages_of(module).items()
    }


@cache
def _theirs(name: str) -> Stage | None:
    plugin = find_plugin(GROUP, name)
    return None if plugin is None else _loaded(plugin)


def _loaded(plugin: Plugin) -> Stage:
    """A stage of another package; `PluginError`, naming it, whatever goes wrong there."""
    function = plugin.load()
    try:
        kind, _, early = _mark_of(function)
        stage = Stage(plugin.name, kind, function, early, plugin.package)
        _ = stage.parameters
    except Exception as error:  # another's code: nothing is known of what it raises
        raise plugin.error("is no stage", error) from error
    return stage


def _is(value: Any, kind: Any) -> bool:
    """Whether a plain value is of a parameter's kind; a kind that is not told takes all."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    if kind is inspect.Parameter.empty:
        return True
    try:
        TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError:
        return False
    return True


def _named(kind: Any) -> str:
    if kind is inspect.Parameter.empty:
        return "a value"
    plain = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return plain.get(kind) or str(kind).replace("typing.", "")
