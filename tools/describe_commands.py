"""Write what the commands say of themselves into docs/reference/cli.md; a test fails while it is not up to date."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer.main

from verbosify.cli.app import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
HEAD = """# Command line

<!-- made by tools/describe_commands.py: change the commands' own words instead -->

`verbosify COMMAND --help` says the same. Every command ends with one of four codes:

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, and what was found is not as it should be: a sample that differs, a computer that lacks something |
| 2 | a mistake that you can mend, told in one sentence |
| 130 | stopped by Ctrl-C; what was made is kept |

`verbosify -v COMMAND` says what is loaded, fetched and overfitted, `-vv` says all. `verbosify --install-completion`
lets the shell complete commands and options with the Tab key.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_sections(typer.main.get_command(app), "verbosify"))


def _sections(command: Any, name: str) -> list[str]:
    if hasattr(command, "commands"):
        own = [_section(command, name)] if name != "verbosify" and command.invoke_without_command else []
        return own + [
            section for key, other in command.commands.items() for section in _sections(other, f"{name} {key}")
        ]
    return [_section(command, name)]


def _section(command: Any, name: str) -> str:
    help_text, _, _ = (command.help or "").partition("\f")
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    said = " ".join([name, *(_metavar(argument) for argument in arguments)])
    lines = [f"\n## {name}\n", _one_line(help_text), "", f"    {said}", ""]
    options = [parameter for parameter in parameters if parameter.param_type_name == "option" and not parameter.hidden]
    if parameters:
        lines += ["| argument or option | what it is |", "|---|---|"]
        lines += [f"| `{_metavar(argument)}` | {_cell(argument.help or '')} |" for argument in arguments]
        lines += [f"| {_flags(option)} | {_cell(option.help or '')}{_default(option)} |" for option in options]
    if command.epilog:
        shown = command.epilog.split("\n\n")[1:]
        lines += ["", "```sh", *shown, "```"]
    return "\n".join(lines) + "\n"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _flags(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    return names if option.is_flag or option.count else f"{names} `{option.metavar or option.name.upper()}`"


def _default(option: Any) -> str:
    if option.is_flag or option.count or option.default is None or "[default:" in (option.help or ""):
        return ""
    return f" [default: {option.default}]" if not callable(option.default) else ""


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|").replace("<", "&lt;")


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
