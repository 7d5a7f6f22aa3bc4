"""The kinds of failure a user can mend, each told in one sentence.

Every message says what is wrong, where, and what to do. The library raises these; the command line
prints the sentence and leaves with `exit_code`. Anything else that escapes is a defect of ours.
"""


class VerbosifyError(Exception):
    """Base of everything verbosify raises on purpose."""

    exit_code = 2


class EssayError(VerbosifyError):
    """The essay cannot be read, or holds nothing to work on."""


class SettingsError(VerbosifyError):
    """A recipe, a sampling setting or an option lies outside its range."""


class ModelError(VerbosifyError):
    """A model is unknown, missing, damaged, or cannot do what was asked of it."""


class PieceError(VerbosifyError):
    """A piece cannot be opened, is in use by another process, or holds what does not fit."""


class OutputError(VerbosifyError):
    """A result cannot be written where it was asked for."""
