"""The command line: parse, call, print; a file a group of commands. All work is done in the rooms below."""

from verbosify.cli import (  # which add their commands
    bots,
    corpora,
    desk,
    essays,
    gallery,
    machine,
    models,
    moving,
    pages,
    pipeline,
    records,
    replies,
    study,
)
from verbosify.cli.app import main

__all__ = [
    "bots",
    "corpora",
    "desk",
    "essays",
    "gallery",
    "machine",
    "main",
    "models",
    "moving",
    "pages",
    "pipeline",
    "records",
    "replies",
    "study",
]
