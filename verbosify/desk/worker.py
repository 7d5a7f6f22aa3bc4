"""The process that owns the models: questions in as lines of JSON, answers out likewise. Knows no draft and no server.

It has a process of its own, so that what ends it (no memory left, a fault in native code) ends nothing else. It ends by
itself when its standard input does, as when the server was killed.

A question is `{"id", "ask", "with"}`, and `{"cancel": id}` takes one back. An answer is `{"id", "event", "data"}`; the
last of a question is `answer` or `error`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any

from verbosify.errors import VerbosifyError
from verbosify.models.process import tune_process
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings

if TYPE_CHECKING:  # it imports PyTorch, before which the process is tuned
    from verbosify.desk.lab import Lab

AT_ONCE = 128
"""Questions that are answered at once: the desk lets in fewer."""
STREAMING = ("generate", "stream")
TELLING = ("load", "overfit")


class Worker:
    """Answers questions with a lab."""

    def __init__(self, lab: Lab, say: Callable[[dict[str, Any]], None]) -> None:
        self._lab = lab
        self._say = say
        self._cancelled: dict[int, threading.Event] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, "verbosify-question")

    def hear(self, line: str) -> None:
        """Begin to answer a question, or cancel one."""
        heard = json.loads(line)
        if "cancel" in heard:
            if (event := self._cancelled.get(heard["cancel"])) is not None:
                event.set()
            return
        self._cancelled[heard["id"]] = threading.Event()
        self._threads.submit(self._answer, heard["id"], heard["ask"], heard["with"])

    def _answer(self, number: int, ask: str, values: dict[str, Any]) -> None:
        def emit(event: str, data: dict[str, Any]) -> None:
            self._say({"id": number, "event": event, "data": data})

        cancelled = self._cancelled[number]
        try:
            if cancelled.is_set():
                raise VerbosifyError("This was cancelled before it began.")
            emit("answer", self._asked(ask, values, emit, cancelled.is_set))
        except VerbosifyError as error:
            emit("error", {"kind": "refused", "message": str(error)})
        except (MemoryError, RuntimeError) as error:
            if "memory" not in str(error) and not isinstance(error, MemoryError):
                self._fault(emit, error)
                return
            message = "There is not enough memory for that: ask for fewer or shorter continuations."
            emit("error", {"kind": "refused", "message": message})
        except Exception as error:
            self._fault(emit, error)
        finally:
            self._cancelled.pop(number, None)

    def _fault(self, emit: Callable[[str, dict[str, Any]], None], error: Exception) -> None:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        emit("error", {"kind": "fault", "message": f"{type(error).__name__} at {where}"})

    def _asked(self, ask: str, values: dict[str, Any], emit: Any, until: Callable[[], bool]) -> Any:
        if ask in STREAMING:
            if "settings" in values:
                values["settings"] = SamplingSettings.from_dict(values["settings"])
            return getattr(self._lab, ask)(**values, emit=emit, until=until)
        if ask in TELLING:
            return getattr(self._lab, ask)(**values, emit=emit)
        return getattr(self._lab, ask)(**values)


def load(name: str, progress: Callable[[str, int, int | None], None]) -> LanguageModel:
    """A model by its name, with the precision that the environment asks for."""
    from verbosify.models.loading import load_model

    precision = os.environ.get("VERBOSIFY_DESK_PRECISION", "auto")
    return load_model(name, precision=precision, progress=progress)


def attend(heard: IO[str], said: IO[str]) -> None:
    """Answer what is heard until nothing more is."""
    from verbosify.desk.lab import Lab

    lock = threading.Lock()

    def say(answer: dict[str, Any]) -> None:
        line = json.dumps(answer, separators=(",", ":"))
        with lock:
            said.write(f"{line}\n")
            said.flush()

    lab = Lab(load)
    worker = Worker(lab, say)
    say({"id": 0, "event": "ready", "data": {"pid": os.getpid()}})
    for line in heard:
        worker.hear(line)


def main() -> None:
    """Attend to standard input, and leave standard output to answers alone: what libraries print goes elsewhere."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    tune_process()
    attend(sys.stdin, said)
    os._exit(0)  # threads that still work have nobody to tell


if __name__ == "__main__":
    main()
