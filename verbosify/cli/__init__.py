"""The command line: parse, call, print; a file a group of commands. All work is done in the rooms below."""

from verbosify.cli import desk, essays, models, pages, pipeline, records, replies, study  # which add their commands
from verbosify.cli.app import main

__all__ = ["desk", "essays", "main", "models", "pages", "pipeline", "records", "replies", "study"]
