"""Packages with plug-ins, as an installer would leave them in a folder."""

from __future__ import annotations

from pathlib import Path


def write_plugin(folder: Path, group: str, name: str, code: str, *, package: str = "verbosify-sample") -> Path:
    """Lay a package into `folder` whose module `code` defines `add`, the plug-in `name` of `group`; returns `folder`.

    The fixture `packages` gives a folder from which it is found.
    """
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    points = info / "entry_points.txt"
    before = points.read_text(encoding="utf-8") if points.is_file() else ""
    points.write_text(f"{before}[{group}]\n{name} = {module}:add\n", encoding="utf-8")
    return folder
