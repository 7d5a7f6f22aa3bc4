"""`verbosify replies`: a server of replies, and what its operator does to its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from verbosify.cli.app import app, examples

replies = typer.Typer(no_args_is_help=True, help="Replies from nobody: a page where three strangers reply.")
app.add_typer(replies, name="replies")

_ENV = "VERBOSIFY_REPLIES_"
Record = Annotated[
    Path, typer.Option(help="The file of what was posted and replied.", envvar=f"{_ENV}RECORD", show_default=True)
]


@replies.command(
    epilog=examples(
        "verbosify replies serve", "verbosify replies serve --redis redis://127.0.0.1:6379/0 --proxy 127.0.0.1"
    )
)
def serve(
    record: Record = Path("replies.db"),
    model: Annotated[str, typer.Option(help="A name or folder.", envvar=f"{_ENV}MODEL")] = "smollm2-135m",
    host: Annotated[str, typer.Option(help="The address to listen at.", envvar=f"{_ENV}HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.", envvar=f"{_ENV}PORT")] = 8002,
    name: Annotated[
        list[str] | None, typer.Option(help="A name it answers to, as example.org; give several.", envvar=f"{_ENV}NAME")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="A network whose X-Forwarded-For is believed; give several.", envvar=f"{_ENV}PROXY"),
    ] = None,
    proxy_hops: Annotated[
        int, typer.Option(help="Proxies more in front of these, as of a delivery network.", envvar=f"{_ENV}PROXY_HOPS")
    ] = 0,
    redis: Annotated[
        str | None, typer.Option(help="Where quotas are counted, as redis://127.0.0.1:6379/0.", envvar=f"{_ENV}REDIS")
    ] = None,
    without_redis: Annotated[
        Literal["local", "refuse"],
        typer.Option(help="Where Redis is gone: count in this process, or refuse.", envvar=f"{_ENV}WITHOUT_REDIS"),
    ] = "local",
    client: Annotated[int, typer.Option(help="Posts of one client a window.", envvar=f"{_ENV}CLIENT")] = 10,
    total: Annotated[int, typer.Option(help="Posts of all together a window.", envvar=f"{_ENV}TOTAL")] = 600,
    window: Annotated[int, typer.Option(help="Seconds.", envvar=f"{_ENV}WINDOW")] = 600,
    ipv6_prefix: Annotated[int, typer.Option(help="Bits that make one client.", envvar=f"{_ENV}IPV6_PREFIX")] = 64,
    at_once: Annotated[int, typer.Option(help="Posts answered together.", envvar=f"{_ENV}AT_ONCE")] = 2,
    waiting: Annotated[int, typer.Option(help="Posts that may wait.", envvar=f"{_ENV}WAITING")] = 12,
    patience: Annotated[float, typer.Option(help="Seconds that one waits at most.", envvar=f"{_ENV}PATIENCE")] = 30.0,
    seconds: Annotated[float, typer.Option(help="Seconds that one is answered.", envvar=f"{_ENV}SECONDS")] = 60.0,
    forbidden: Annotated[
        list[Path] | None, typer.Option(help="More forbidden words, one a line.", envvar=f"{_ENV}FORBIDDEN")
    ] = None,
    metrics_for: Annotated[
        list[str] | None,
        typer.Option(help="A network that may read /metrics, beside this computer.", envvar=f"{_ENV}METRICS_FOR"),
    ] = None,
) -> None:
    """Serve the page and `POST /api/replies` until told to stop; logs are JSON, a line each."""
    from verbosify.exhibits.replies.app import replies_app
    from verbosify.exhibits.replies.options import Options
    from verbosify.models.host import Host
    from verbosify.models.loading import load_model
    from verbosify.web.clients import read_networks
    from verbosify.web.logs import log_as_json
    from verbosify.web.quota import Allowance
    from verbosify.web.serving import serve as run

    options = Options(
        record=record,
        model=model,
        hosts=tuple(name or ()),
        proxies=read_networks(proxy or ()),
        proxy_hops=proxy_hops,
        ipv6_prefix=ipv6_prefix,
        allowance=Allowance(client, total, window),
        redis=redis,
        without_redis=without_redis,
        at_once=at_once,
        waiting=waiting,
        patience=patience,
        seconds=seconds,
        forbidden=tuple(forbidden or ()),
        metrics_for=read_networks(metrics_for or ()),
    )
    with Host(lambda: load_model(model)) as owner:
        made = replies_app(options, owner)
        log_as_json()
        run(made, host=host, port=port)


@replies.command(epilog=examples('verbosify replies hide KEY --reason "was asked for"'))
def hide(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Of a post or reply, as its link has it.", show_default=False)
    ],
    record: Record = Path("replies.db"),
    reason: Annotated[str, typer.Option(help="Kept with it.")] = "",
) -> None:
    """Have a post or reply, and all below it, not be shown any more."""
    from verbosify.exhibits.replies.record import hide as hide_in
    from verbosify.exhibits.replies.record import open_existing

    with open_existing(record) as exhibit:
        hide_in(exhibit, key, reason)
    print(f"{key} is hidden.")
