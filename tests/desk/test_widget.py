"""The desk in a notebook, without a browser: the verbs over its messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import await_that
from verbosify.desk import DeskWidget
from verbosify.desk.failures import Failure
from verbosify.errors import PieceError


class Kernel:
    """What the widget sends, by the message that was asked."""

    def __init__(self, widget: DeskWidget, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[dict[str, Any]] = []
        self._widget = widget
        monkeypatch.setattr(widget, "send", lambda content, buffers=None: self.sent.append(content))

    def ask(self, number: str, verb: str, **body: Any) -> list[dict[str, Any]]:
        """All that is answered to a message."""
        self._widget._handle_custom_msg({"id": number, "verb": verb, "body": body}, [])
        until = time.monotonic() + 120
        while True:
            told = [each for each in self.sent if each["id"] == number]
            if told and told[-1]["event"] in ("result", "done", "error"):
                return told
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture(scope="module")
def widget(tmp_path_factory: pytest.TempPathFactory, speaking_model: Path) -> Iterator[DeskWidget]:
    made = DeskWidget(speaking_model, tmp_path_factory.mktemp("desk"))
    yield made
    made.close()
    made.close()


def test_verbs_travel_as_messages(widget: DeskWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(widget, monkeypatch)
    (hello,) = kernel.ask("a-1", "hello")
    draft = widget.call("create", text="The ferry")

    told = kernel.ask("a-2", "generate", draft=draft["id"], n=1, settings={"length": 3})
    (wrong,) = kernel.ask("a-3", "open", draft="x")
    (missing,) = kernel.ask("a-4", "odd")
    widget._handle_custom_msg({"verb": "hello"}, [])  # who has no number is not answered

    assert hello["data"]["widget"]
    assert told[-1]["event"] == "done"
    assert (
        "".join(each["data"]["text"] for each in told if each["event"] == "token")
        == told[-1]["data"]["rows"][0]["text"]
    )
    assert (wrong["event"], wrong["data"]["status"]) == ("error", 400)
    assert missing["data"]["code"] == "missing"
    with pytest.raises(Failure, match="no draft 999"):
        widget.call("open", draft=999)


def test_who_leaves_a_stream_frees_its_place(widget: DeskWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(widget, monkeypatch)
    draft = widget.call("create", text="The ferry")["id"]
    widget._handle_custom_msg({"id": "b-1", "verb": "watch", "body": {"draft": draft}}, [])
    await_that(lambda: bool(kernel.sent))
    assert len(widget._desk.watching[draft]) == 1

    widget._handle_custom_msg({"leave": "b-1"}, [])
    await_that(lambda: draft not in widget._desk.watching)

    assert [each["event"] for each in kernel.sent] == ["changed"]


def test_another_desk_in_its_folder_takes_its_place(speaking_model: Path, widget: DeskWidget) -> None:
    """The last test of this widget: a cell that is run again leaves no process behind."""
    draft = widget.call("create", text="The ferry waits.")["id"]

    again = DeskWidget(speaking_model, widget.folder)

    assert not widget._thread.is_alive()
    assert again.call("open", draft=draft)["text"] == "The ferry waits."
    again.close()


def test_a_widget_for_no_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PieceError, match="no piece"):
        DeskWidget(piece=tmp_path)
