"""How a server of replies is set up. Knows no server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from verbosify.errors import SettingsError
from verbosify.web.clients import Network
from verbosify.web.quota import Allowance, Without


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server of replies is set up.

    Attributes:
        record: the file of the record.
        model: a name or folder, as `load_model` takes it.
        hosts: the names it answers to, beside this computer's own.
        proxies: whose word is taken for whom they ask.
        proxy_hops: how many proxies more there are in front of these, whose addresses cannot be listed, >= 0.
        ipv6_prefix: bits of an IPv6 address that make one client, 32 to 128.
        allowance: how often who may ask.
        redis: where that is counted; None: in this process.
        without_redis: what happens where Redis is gone.
        at_once: posts that are answered together, in one batch of the model, >= 1.
        waiting: posts that may wait, >= 0.
        patience: seconds for which one waits at most, > 0.
        seconds: for which a post is answered at most, > 0.
        forbidden: files of words beside our own.
        metrics_for: networks that may read the metrics, beside this computer.
    """

    record: Path
    model: str = "smollm2-135m"
    hosts: tuple[str, ...] = ()
    proxies: tuple[Network, ...] = ()
    proxy_hops: int = 0
    ipv6_prefix: int = 64
    allowance: Allowance = field(default_factory=Allowance)
    redis: str | None = None
    without_redis: Without = "local"
    at_once: int = 2
    waiting: int = 12
    patience: float = 30.0
    seconds: float = 60.0
    forbidden: tuple[Path, ...] = ()
    metrics_for: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        rules = (
            ("proxy_hops", self.proxy_hops >= 0, "at least 0"),
            ("ipv6_prefix", 32 <= self.ipv6_prefix <= 128, "from 32 to 128"),
            ("at_once", self.at_once >= 1, "at least 1"),
            ("waiting", self.waiting >= 0, "at least 0"),
            ("patience", self.patience > 0, "above 0"),
            ("seconds", self.seconds > 0, "above 0"),
        )
        for name, holds, rule in rules:
            if not holds:
                raise SettingsError(f"{name} is {getattr(self, name)!r}: it must be {rule}.")
