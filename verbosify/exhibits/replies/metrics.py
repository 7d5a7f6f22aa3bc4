"""What a server of replies counts, for Prometheus. Knows no request."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0)


class Metrics:
    """The counts of one server, in a registry of its own."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        name = "verbosify_replies"
        self.posts = Counter(f"{name}_posts", "Posts by what came of them", ["result"], registry=self._registry)
        self.answers = Counter(f"{name}_answers", "Answers drawn", ["result"], registry=self._registry)
        self.seconds = Histogram(
            f"{name}_seconds", "Seconds from a post to its replies", buckets=_SECONDS, registry=self._registry
        )
        self.inside = Gauge(f"{name}_inside", "Posts that are answered or wait", registry=self._registry)
        self.redis = Gauge(f"{name}_redis_up", "Whether quotas are counted in Redis", registry=self._registry)

    def to_text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self._registry)
