"""What went wrong, in one sentence and without a traceback: in a cell, and inside a widget. Knows no widget of ours.

A mistake that nobody foresaw in a cell keeps its traceback, since it may lie in what somebody typed there.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from verbosify.errors import VerbosifyError

STOPPED = "Stopped. All that was recorded is kept: run the cell again to go on."
NO_MEMORY = "There is not enough memory: close other notebooks, draw fewer samples at once, or choose a smaller model."
NO_ROOM = "The disk is full: make room and run the cell again; what was recorded is kept."
NO_NETWORK = "The network cannot be reached: choose a model that is on this computer, or try again when connected."
NO_PACKAGE = "The package {} is missing: run `%pip install 'verbosify-studio[notebook]'` and restart the kernel."
_PACKAGES = {
    "anywidget",
    "gguf",
    "ipywidgets",
    "matplotlib",
    "pandas",
    "PIL",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
}
_NETWORK_ERRNOS = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT}


def sentence_of(error: BaseException) -> str | None:
    """The sentence that tells of `error`, None if it is none that a user could mend."""
    number = error.errno if isinstance(error, OSError) else None
    package = error.name if isinstance(error, ModuleNotFoundError) else None
    sentences = (
        (isinstance(error, VerbosifyError), str(error)),
        (isinstance(error, KeyboardInterrupt), STOPPED),
        (isinstance(error, MemoryError) or _is_torch_out_of_memory(error), NO_MEMORY),
        (number == errno.ENOSPC, NO_ROOM),
        (number in _NETWORK_ERRNOS, NO_NETWORK),
        (package in _PACKAGES, NO_PACKAGE.format(package)),
    )
    return next((sentence for holds, sentence in sentences if holds), None)


def _is_torch_out_of_memory(error: BaseException) -> bool:
    """PyTorch says so in words: a class of its own on a GPU, a plain RuntimeError on the processor."""
    said = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in said or "can't allocate memory" in said)


@contextmanager
def told(tell: Callable[[str], None]) -> Iterator[None]:
    """Hand what goes wrong in the block to `tell`, as a sentence; only what nobody foresaw goes on as an error."""
    try:
        yield
    except BaseException as error:
        sentence = sentence_of(error)
        tell(sentence or f"This was not foreseen ({type(error).__name__}: {error}). What was recorded is kept.")
        if sentence is None:
            raise


def speak_plainly(shell: Any) -> None:
    """Make an IPython shell show the sentence in place of the traceback; the cell still counts as failed."""

    def handle(
        shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: int | None = None
    ) -> Any:
        sentence = sentence_of(error)
        if sentence is None:
            return shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        shell._showtraceback(kind, error, [sentence])
        return [sentence]

    shell.set_custom_exc((Exception, KeyboardInterrupt), handle)


def allow_widgets_in_colab() -> None:
    """Colab shows third-party widgets only when asked to."""
    if "google.colab" in sys.modules:
        from google.colab import output

        output.enable_custom_widget_manager()
