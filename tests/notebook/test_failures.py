"""What goes wrong is one sentence."""

from __future__ import annotations

import errno
from types import ModuleType, SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from verbosify.errors import EssayError
from verbosify.notebook import load_ipython_extension
from verbosify.notebook.failures import NO_MEMORY, NO_NETWORK, NO_ROOM, STOPPED, sentence_of, told


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (EssayError("There is no file x.md: check its name."), "There is no file x.md: check its name."),
        (KeyboardInterrupt(), STOPPED),
        (MemoryError(), NO_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), NO_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), NO_ROOM),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), NO_NETWORK),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            "The package torch is missing: run `%pip install 'verbosify-studio[notebook]'` and restart the kernel.",
        ),
        (ModuleNotFoundError("No module named 'numyp'", name="numyp"), None),
        (RuntimeError("something else"), None),
        (OSError(errno.EIO, "Input/output error"), None),
    ],
)
def test_each_mistake_has_its_sentence(error: BaseException, sentence: str | None) -> None:
    assert sentence_of(error) == sentence


def test_inside_a_widget_what_nobody_foresaw_is_told_and_goes_on() -> None:
    said: list[str] = []
    with pytest.raises(ZeroDivisionError), told(said.append):
        _ = 1 / 0
    assert said == ["This was not foreseen (ZeroDivisionError: division by zero). What was recorded is kept."]


@pytest.fixture
def shell() -> InteractiveShell:
    shell = InteractiveShell()
    load_ipython_extension(shell)
    return shell


@pytest.mark.parametrize(
    "cell",
    ["raise EssayError('The essay is empty.')", "async def f(): raise EssayError('The essay is empty.')\nawait f()"],
)
def test_in_a_cell_a_mistake_is_a_sentence_and_no_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    shell.run_cell("from verbosify.errors import EssayError")
    result = shell.run_cell(cell)
    printed = capsys.readouterr()
    assert not result.success
    assert (printed.out + printed.err).strip() == "The essay is empty."


def test_in_a_cell_an_interruption_is_a_sentence(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("raise KeyboardInterrupt")
    assert STOPPED in capsys.readouterr().out


def test_in_a_cell_a_slip_of_the_keyboard_keeps_its_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("pirnt('hello')")
    assert "NameError" in capsys.readouterr().out


def test_in_colab_widgets_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    colab = ModuleType("google.colab")
    colab.output = SimpleNamespace(enable_custom_widget_manager=lambda: asked.append(True))  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "google.colab", colab)
    load_ipython_extension(InteractiveShell())
    assert asked == [True]
