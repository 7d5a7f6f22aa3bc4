"""The kinds of failure a user can mend, each told in one sentence.

Every message says what is wrong, where, and what to do. The library raises these; the command line
prints the sentence and leaves with `exit_code`. Anything else that escapes is a defect of ours.
"""

from __future__ import annotations

import re

# Controls, line separators, and marks that turn the direction of text: what a message quotes may hold any of them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class VerbosifyError(Exception):
    """Base of everything verbosify raises on purpose; its message is one line, whatever it quotes."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(_UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), message))


class EssayError(VerbosifyError):
    """The essay cannot be read, or holds nothing to work on."""


class TextError(VerbosifyError):
    """A file is not text, or is in no encoding that can be told."""


class CorpusError(VerbosifyError):
    """Texts to fine-tune on cannot be read, or there is nothing in them."""


class SettingsError(VerbosifyError):
    """A recipe, a sampling setting or an option lies outside its range."""


class InputError(VerbosifyError):
    """What was given to a pipeline is not what it asks for: empty, too long, or refused."""


class ModelError(VerbosifyError):
    """A model is unknown, missing, damaged, or cannot do what was asked of it."""


class RecordError(VerbosifyError):
    """A durable record cannot be opened, is in use by another process, or holds what does not fit."""


class PieceError(RecordError):
    """The same of the record of a piece."""


class DeskError(RecordError):
    """The same of the record of a desk."""


class OutputError(VerbosifyError):
    """A result cannot be written where it was asked for."""


class PluginError(VerbosifyError):
    """Something that another package added to verbosify cannot be loaded, or failed."""
