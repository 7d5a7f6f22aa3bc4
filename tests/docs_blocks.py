"""The fenced blocks of the documentation, and what it takes to run them. Knows no page.

A block of commands is run line by line, one of Python in one namespace a page, data is parsed, JavaScript is read by
Node.js. `<!-- not run: why -->` before a block says that it cannot be run here; its commands are read all the same.
`<!-- before: code -->` is run before a block of Python whose names a reader has and a test has not.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer.main

from tests.commands import ROOT
from verbosify.cli.app import app

_BLOCK = re.compile(
    r"(?:^ *<!-- (not run|before): (.+?) -->\n)?^( *)```([a-z]*)[^\n]*\n(.*?)^\3```", re.MULTILINE | re.DOTALL
)
KNOWN = ("verbosify", "make", "pip", "uv", "python", "python3", "py", "source", "jupyter")
"""Programs whose arguments can be read without running them."""


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason` says why it is not run, `before` what to run first."""

    page: str
    number: int
    language: str
    text: str
    reason: str
    before: str

    def __str__(self) -> str:
        return f"{self.page}, block {self.number}"


def blocks_of(path: Path) -> list[Block]:
    page = path.relative_to(ROOT).as_posix()
    return list(_blocks(page, path.read_text(encoding="utf-8")))


def _blocks(page: str, text: str) -> Iterator[Block]:
    for number, match in enumerate(_BLOCK.finditer(text), 1):
        mark, said, indent, language, body = match.groups()
        lines = "\n".join(line.removeprefix(indent) for line in body.split("\n"))
        reason, before = (said if mark == kind else "" for kind in ("not run", "before"))
        yield Block(page, number, language, lines, reason or "", (before or "").replace("\\n", "\n"))


def commands_of(block: Block) -> list[list[str]]:
    """The commands of a block, word by word, comments left out; `&&` divides them."""
    joined = block.text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    commands = []
    for line in lines:
        words = shlex.split(line, comments=True)
        command: list[str] = []
        for word in [*words, "&&"]:
            if word == "&&":
                commands.append(command)
                command = []
            else:
                command.append(word)
    return commands


def read_command(words: list[str]) -> None:
    """Fail unless what the command names is there: an option, an extra, a target of make, a module, a file."""
    program, *rest = words
    if program in ("verbosify", "python3", "python", "py") and "verbosify" in words[:3]:
        program, rest = "verbosify", words[words.index("verbosify") + 1 :]
    if program == "verbosify":
        _read_ours(rest)
    elif program == "make":
        subprocess.run(["make", "-n", *rest], cwd=ROOT, check=True, capture_output=True)
    elif program in ("pip", "uv"):
        _read_extras(words)
    elif program in ("python", "python3", "py"):
        assert rest[0] != "-m" or find_spec(rest[1]) is not None, words
    elif program == "source":
        assert rest[0].endswith("/bin/activate")
    elif program == "jupyter":
        assert all((ROOT / name).is_file() for name in rest[1:])
    else:
        raise AssertionError(f"nobody knows how to try {words}: say why not, as in <!-- not run: it needs a server -->")


def _read_ours(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    asked = [word.partition("=")[0] for word in words if re.match(r"-[a-z-]", word)]
    assert set(asked) <= known, (command.name, asked)


def _read_extras(words: list[str]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for word in words:
        if word.startswith("verbosify-studio["):
            assert set(word.partition("[")[2].rstrip("]").split(",")) <= extras.keys(), word


def parse(block: Block) -> None:
    """Fail unless the data or the JavaScript of a block is well formed."""
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "js":
        subprocess.run(["node", "--check", "-"], input=block.text, text=True, check=True, capture_output=True)
    else:
        assert block.language in ("", "yaml", "css", "powershell", "html", "text", "sql"), block
