"""`verbosify doctor` and `verbosify plugins`: what works on this computer, and what other packages add."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from verbosify.cli.app import AsJson, app, examples
from verbosify.cli.showing import make_console
from verbosify.streams import say


@app.command(epilog=examples("verbosify doctor", "verbosify doctor --offline --json"))
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of other computers.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Say what works on this computer, what does not, and what to do. Ends with 1 if something that is needed fails."""
    from verbosify.workflow.checkup import examine

    failing = False
    for finding in examine(network=not offline):
        failing = failing or finding.state == "fails"
        if as_json:
            print(json.dumps(asdict(finding)), flush=True)
            continue
        mark = {"works": "+", "absent": "-", "fails": "!"}[finding.state]
        advice = f"\n    -> {finding.advice}" if finding.advice else ""
        print(f"{mark} {finding.what}: {finding.said}{advice}", flush=True)
    if failing:
        raise typer.Exit(1)


@app.command(epilog=examples("verbosify plugins", "verbosify plugins --json"))
def plugins(as_json: AsJson = False) -> None:  # noqa: FBT002  # a flag of the command line
    """List what other packages add: models, engines, splitters, measures, stages, platforms. A broken one is named."""
    from verbosify.errors import PluginError
    from verbosify.plugins import GROUPS, find_plugin, find_plugins, lost_plugins

    for sentence in lost_plugins():
        say(sentence)
    found = find_plugins()
    rows = []
    for plugin in found:
        try:
            find_plugin(plugin.group, plugin.name)  # which says who else has the name
            plugin.load()
            problem = ""
        except PluginError as error:
            problem = str(error)
        rows.append((plugin, problem))
    if as_json:
        for plugin, problem in rows:
            kind = plugin.group.removeprefix("verbosify.")
            print(
                json.dumps(
                    {
                        "kind": kind,
                        "name": plugin.name,
                        "package": plugin.package,
                        "version": plugin.version,
                        "target": plugin.target,
                        "problem": problem or None,
                    }
                )
            )
        return
    if not rows:
        print("No package that is installed adds anything. One may add:")
        for group, meaning in GROUPS.items():
            print(f"  {group.removeprefix('verbosify.')}: {meaning}")
        return
    from rich.table import Table

    table = Table("kind", "name", "package", "loads")
    for plugin, problem in rows:
        kind = plugin.group.removeprefix("verbosify.")
        table.add_row(kind, plugin.name, f"{plugin.package} {plugin.version}", "no" if problem else "yes")
    make_console().print(table)
    for _, problem in rows:
        if problem:
            say(problem)
