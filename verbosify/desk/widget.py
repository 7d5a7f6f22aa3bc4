"""The desk in a cell of a notebook: the same verbs, over the widget's own messages. Knows no HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import anywidget

from verbosify.desk.bodies import STREAMS
from verbosify.desk.desk import Desk
from verbosify.desk.failures import told
from verbosify.desk.page import module, widget_style
from verbosify.models.loading import DEFAULT_MODEL, require_model


class DeskWidget(anywidget.AnyWidget):
    """The writing desk; display it by naming it last in a cell.

    A kernel has one for each folder: another one there, as when the cell is run again, takes the place of the first.

    Args:
        model: what new drafts begin with: a name, or a folder.
        folder: where drafts are kept; by default with the piece, or else in `desk` where the notebook runs.
        piece: the folder of a piece, or an open one, that picks may be given to.
        name: who writes, kept with each pick.

    Raises `RecordError` or `OutputError` if the record cannot be opened, `PieceError` if there is no such piece.
    """

    _esm = module()
    _css = widget_style()
    _here: ClassVar[WeakValueDictionary[Path, DeskWidget]] = WeakValueDictionary()

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        folder: str | Path | None = None,
        piece: Any = None,
        name: str = "a person",
    ) -> None:
        super().__init__()
        require_model(model)
        lend = None
        if piece is not None:
            from verbosify.workflow.desk_picks import PieceOfDesk, require_piece

            piece = Path(getattr(piece, "folder", piece))
            require_piece(piece)
            lend = partial(PieceOfDesk, piece, name)
        self.folder = Path(folder or piece or "desk")
        if (earlier := self._here.get(self.folder.resolve())) is not None:
            earlier.close()
        self._desk = Desk(self.folder, str(model), lend=lend, widget=True)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)  # which leaves the kernel's loop alone
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, name="verbosify-desk", daemon=True)
        self._thread.start()
        try:
            self._in_loop(self._desk.start()).result()
        except BaseException:
            self._end_loop()
            raise
        self._here[self.folder.resolve()] = self
        self._answering: dict[str, Future[None]] = {}
        self.on_msg(self._hear)

    def call(self, verb: str, **body: Any) -> dict[str, Any]:
        """The answer to a verb, as the page gets it; errors are raised."""
        answer: dict[str, Any] = self._in_loop(self._desk.call(verb, body, "notebook")).result()
        return answer

    def close(self) -> None:
        """End the model's process, and let go of the record; what was written stays."""
        if self._thread.is_alive():
            self._in_loop(self._desk.close()).result()
            self._end_loop()
        super().close()

    def _run(self) -> None:
        with self._runner:  # at its end it cancels what is left
            self._loop.run_forever()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _in_loop(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _hear(self, _: Any, content: Any, _buffers: Any) -> None:
        match content:
            case {"id": str(number)}:
                work = self._in_loop(self._answer(number, str(content.get("verb")), content.get("body")))
                self._answering[number] = work
                work.add_done_callback(lambda _: self._answering.pop(number, None))
            case {"leave": str(number)} if (left := self._answering.get(number)) is not None:
                left.cancel()

    async def _answer(self, number: str, verb: str, body: Any) -> None:
        def say(event: str, data: Any) -> None:
            self.send({"id": number, "event": event, "data": data})

        try:
            if verb in STREAMS:
                async for event, data in await self._desk.stream(verb, body, "notebook"):
                    say(event, data)
            else:
                say("result", await self._desk.call(verb, body, "notebook"))
        except Exception as error:  # it is told where the page shows it
            say("error", told(error).problem)
