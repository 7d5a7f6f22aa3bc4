"""Settings under a name: those that come with the desk, and one's own. Knows the record alone."""

from __future__ import annotations

from typing import Any

from verbosify.desk.failures import invalid, missing
from verbosify.desk.steering import DEFAULT_SETTINGS, DEFAULTS, PRESETS, with_changes
from verbosify.desk.store import Store

Values = dict[str, Any]


def presets(store: Store, _: Values) -> Values:
    """Settings under a name: those that come with the desk, and one's own."""
    own = store.marked("presets", default={})
    built_in = [
        {"name": name, "settings": {**DEFAULT_SETTINGS, **settings}, "built_in": True}
        for name, settings in PRESETS.items()
    ]
    return {
        "presets": [
            *built_in,
            *({"name": name, "settings": {**DEFAULT_SETTINGS, **own[name]}, "built_in": False} for name in sorted(own)),
        ]
    }


def save_preset(store: Store, values: Values) -> Values:
    """Keep settings under a name."""
    _require_own(values["name"])
    settings = with_changes(DEFAULTS, {"settings": values.get("settings", {})})["settings"]
    with store.database.writing():
        own = store.marked("presets", default={})
        if len(own) >= 200:
            raise invalid("There are 200 presets already: delete one first.")
        store.mark("presets", {**own, values["name"]: settings})
    return presets(store, {})


def delete_preset(store: Store, values: Values) -> Values:
    """Forget settings."""
    _require_own(values["name"])
    with store.database.writing():
        own = dict(store.marked("presets", default={}))
        if own.pop(values["name"], None) is None:
            raise missing(f"preset {values['name']}")
        store.mark("presets", own)
    return presets(store, {})


def _require_own(name: str) -> None:
    if name in PRESETS:
        raise invalid(f"The preset {name} comes with the desk: choose another name.")


CALLS = {"presets": presets, "save_preset": save_preset, "delete_preset": delete_preset}
