"""What a server logs: one JSON object a line, on standard error, in which no visitor's text and address stands."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

FIELDS = "fields"
"""What more there is to say, in a record's `extra`."""


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: when, how grave, where, what, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"
        line: dict[str, Any] = {"at": when, "level": record.levelname.lower(), "logger": record.name}
        line["event"] = record.getMessage()
        line |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[0] is not None:  # its kind, not its words: they may quote somebody
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False, default=str)


def log_as_json(level: int = logging.INFO) -> None:
    """Let this process log so, for a server's command line: the last to decide about the process's log."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("verbosify").setLevel(level)


def log_event(logger: logging.Logger, event: str, **fields: Any) -> None:
    """Log what happened, with its fields."""
    logger.info(event, extra={FIELDS: fields})
