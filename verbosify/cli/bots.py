"""`verbosify bot`: a bot that answers mentions, its queue, and its pages."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verbosify.cli.app import AsJson, app, examples
from verbosify.errors import RecordError, SettingsError
from verbosify.streams import say

if TYPE_CHECKING:
    from verbosify.exhibits.bot.boxes import Reply

bot_app = typer.Typer(help="Run a bot that answers mentions, and decide about its replies.", no_args_is_help=True)
app.add_typer(bot_app, name="bot")

TALK_MOST = 300
"""Characters of an answer in the terminal."""

Folder = Annotated[Path, typer.Argument(metavar="BOT", help="The bot's folder, with bot.toml.", show_default=False)]
Number = Annotated[int, typer.Argument(metavar="REPLY", help="A reply's number, as `queue` lists it.")]
Curator = Annotated[str, typer.Option(help="Your name, kept with the decision.")]
Port = Annotated[int, typer.Option(help="Where the pages are served.")]


@bot_app.command(
    "run", epilog=examples("verbosify bot run BOT --serve", "verbosify bot run BOT --platform bluesky --queue")
)
def run(
    folder: Folder,
    platform: Annotated[str, typer.Option(help="local, bluesky, mastodon, x, or another package's.")] = "local",
    model: Annotated[str | None, typer.Option(help="A model or run. [default: that of bot.toml]")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    serve: Annotated[bool, typer.Option("--serve", help="Serve the timeline, if the platform is local.")] = False,  # noqa: FBT002
    queue: Annotated[bool, typer.Option("--queue", help="Serve the queue, too.")] = False,  # noqa: FBT002
    port: Port = 8000,
    once: Annotated[bool, typer.Option("--once", help="End when all there is has been answered.")] = False,  # noqa: FBT002
) -> None:
    """Answer mentions of the bot in BOT until stopped; run again to go on. Credentials come from the environment."""
    from verbosify.exhibits.bot.platform import make_platform
    from verbosify.exhibits.bot.platforms.local import Local
    from verbosify.exhibits.bot.running import Bot
    from verbosify.exhibits.bot.settings import read_settings
    from verbosify.exhibits.bot.speaking import PipelineSpeaker, pipeline_of, spoken_name
    from verbosify.models.loading import load_model

    settings = read_settings(folder)
    pipeline_of(settings, folder)  # what is wrong with it is told now
    place = make_platform(platform, os.environ, folder)
    chosen = model or _model_of(folder, settings.model)
    loaded = load_model(chosen, device=device, precision=precision, on_notice=say)
    called = spoken_name(loaded, chosen)
    bot = Bot(folder, settings, place, lambda: PipelineSpeaker(folder, settings, loaded, called), on_event=say)
    signal.signal(signal.SIGTERM, lambda *_: bot.stop())
    with ExitStack() as stack:
        stack.callback(place.close)
        if serve or queue:
            from verbosify.exhibits.bot.serving import make_app
            from verbosify.web.serving import running

            timeline = place if isinstance(place, Local) and serve else None
            address = stack.enter_context(running(make_app(folder, settings, timeline, queue=queue), port=port))
            say(f"Serving at {address}/{'' if timeline else 'queue'} (Ctrl-C ends it).")
        try:
            bot.run(called, until_idle=once)
        except KeyboardInterrupt:
            bot.stop()
            raise


@bot_app.command("talk", epilog=examples("verbosify bot talk BOT"))
def talk(
    folder: Folder,
    model: Annotated[str | None, typer.Option(help="A model or run. [default: that of bot.toml]")] = None,
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
) -> None:
    """Ask the bot in BOT here, a line at a time; `quit`, or the end of what is typed, ends it. Answers are recorded."""
    from verbosify.exhibits.bot.settings import read_settings
    from verbosify.exhibits.bot.speaking import PipelineSpeaker, pipeline_of, spoken_name
    from verbosify.models.loading import load_model
    from verbosify.pipeline.counting import Limit

    settings = read_settings(folder)
    pipeline_of(settings, folder)
    chosen = model or _model_of(folder, settings.model)
    loaded = load_model(chosen, precision=precision, on_notice=say)
    speaker = PipelineSpeaker(folder, settings, loaded, spoken_name(loaded, chosen))
    print(f"{settings.name} listens ({settings.disclosure(speaker.model)}); quit ends it.")
    for number, line in enumerate(_typed(), 1):
        said = speaker.speak(line, seed=number, key="", limit=Limit(TALK_MOST, "graphemes"))
        print(said.text or f"({said.why})")


def _typed() -> Iterator[str]:
    """The lines that somebody types, blank ones left out, until `quit` or the end."""
    while True:
        try:
            line = input("> ").strip()
        except EOFError:
            return
        if line.casefold() == "quit":
            return
        if line:
            yield line


@bot_app.command("queue", epilog=examples("verbosify bot queue BOT", "verbosify bot queue BOT --json"))
def queue(folder: Folder, as_json: AsJson = False) -> None:  # noqa: FBT002  # a flag of the command line
    """List the replies that wait for a person."""
    from verbosify.exhibits.bot.boxes import Boxes
    from verbosify.exhibits.bot.record import find_record

    with find_record(folder) as record:
        waiting = Boxes(record.database).waiting()
    for reply in waiting:
        if as_json:
            print(json.dumps({"reply": reply.id, "to": reply.mention.text, "kind": reply.kind, "text": reply.text}))
        else:
            print(f"{reply.id}. {reply.mention.author.handle}: {reply.mention.text}\n   {reply.text}\n")
    if not waiting and not as_json:
        print("No reply waits.")


@bot_app.command("approve", epilog=examples("verbosify bot approve BOT 3 --curator Ada"))
def approve(
    folder: Folder,
    number: Number,
    text: Annotated[str | None, typer.Option(help="What goes out instead.")] = None,
    curator: Curator = "anonymous",
) -> None:
    """Let a reply go out, as it is or in your words."""
    from verbosify.exhibits.bot.settings import MARK

    if text is not None and MARK not in text:
        raise SettingsError(f"The reply must go on saying that it is a {MARK}: put that into the text.")
    _decide(folder, number, "approved", text, curator)


@bot_app.command("refuse", epilog=examples("verbosify bot refuse BOT 3 --curator Ada"))
def refuse(folder: Folder, number: Number, curator: Curator = "anonymous") -> None:
    """Let a reply never go out."""
    _decide(folder, number, "refused", None, curator)


@bot_app.command("status", epilog=examples("verbosify bot status BOT --last 5"))
def status(folder: Folder, as_json: AsJson = False, last: int = 20) -> None:  # noqa: FBT002  # a flag
    """Say what the bot does, and what became of its last replies."""
    from verbosify.exhibits.bot.boxes import Boxes
    from verbosify.exhibits.bot.record import find_record
    from verbosify.exhibits.bot.running import HEARTBEAT_FILE

    with find_record(folder) as record:
        boxes = Boxes(record.database)
        replies, unanswered = boxes.replies(last), boxes.unanswered()
    try:
        beat = json.loads((folder / HEARTBEAT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        beat = {}
    if as_json:
        states = [{"reply": one.id, "kind": one.kind, "state": _state(one)} for one in replies]
        print(json.dumps({"heartbeat": beat, "unanswered": unanswered, "replies": states}))
        return
    print(f"Last heartbeat: {beat.get('time', 'none')}; {unanswered} mentions without an answer.")
    for sentence in beat.get("problems", {}).values():
        print(sentence)
    for one in replies:
        print(f"{one.id}. {one.kind} to {one.mention.author.handle}: {_state(one)}")


@bot_app.command("serve", epilog=examples("verbosify bot serve BOT --queue"))
def serve(folder: Folder, port: Port = 8000, queue: Annotated[bool, typer.Option("--queue")] = False) -> None:  # noqa: FBT002
    """Serve the local timeline, and with --queue the replies that wait, without running the bot."""
    from verbosify.exhibits.bot.platforms.local import Local
    from verbosify.exhibits.bot.serving import make_app
    from verbosify.exhibits.bot.settings import read_settings
    from verbosify.web.serving import serve as serve_app

    settings = read_settings(folder)
    serve_app(make_app(folder, settings, Local(folder / "timeline.db"), queue=queue), port=port)


def _decide(folder: Path, number: int, verdict: str, text: str | None, curator: str) -> None:
    from verbosify.exhibits.bot.boxes import Boxes
    from verbosify.exhibits.bot.record import find_record

    with find_record(folder) as record:
        boxes = Boxes(record.database)
        reply = boxes.reply(number)
        if reply is None or reply.kind == "silence":
            raise RecordError(f"There is no reply {number}: `verbosify bot queue` lists those that wait.")
        if not boxes.decide(reply, "approved" if verdict == "approved" else "refused", curator=curator, text=text):
            raise RecordError(f"Reply {number} is out, or was decided about: it cannot be changed any more.")
    print(f"Reply {number}: {verdict}.")


def _state(reply: Reply) -> str:
    if reply.status:
        return f"{reply.status} {reply.address or reply.outcome_reason}".strip()
    return reply.reason if reply.kind == "silence" else (reply.verdict or "waiting")


def _model_of(folder: Path, name: str) -> str:
    """A run in the bot's folder goes before a model of that name."""
    return str(folder / name) if (folder / name).is_dir() else name
