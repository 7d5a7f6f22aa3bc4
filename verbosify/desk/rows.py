"""What the record of a desk holds, as rows that are only ever added. Knows no database and no model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from verbosify.record import generations
from verbosify.record.fields import NO_MORE, Count, Id, Name, Plain, Text, said

NodeKind = Literal["root", "typed", "edit", "continuation", "taken", "swap"]
Action = Literal["went", "undone", "redone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """One text in the making."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    parent_draft: Annotated[Id | None, said("the draft it was cloned from")] = None
    parent_node: Annotated[Id | None, said("the node there that it begins with")] = None
    created: Annotated[Text, said("when")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A state of a draft's text: its parent's text, of which one stretch is replaced."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1, over all drafts")] = 0
    draft: Annotated[Id, said("the draft it belongs to")]
    parent: Annotated[Id | None, said("the node it was made from; NULL for the first of a draft")] = None
    kind: Annotated[NodeKind, said("`root`, `typed` or `edit` by a person; the others hold the model's words")]
    start: Annotated[Count, said("the first character of the parent's text that is replaced")] = 0
    end: Annotated[Count, said("the character after the last one replaced")] = 0
    inserted: Annotated[Text, said("what stands there instead")]
    generation: Annotated[Id | None, said("what the model said, of which this is the whole or a part")] = None
    kept: Annotated[Count | None, said("how many of its characters were kept; NULL: all")] = None
    created: Annotated[Text, said("when")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A draft went to another node, or back."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("order of events, over all drafts; the last of a draft is its revision")] = 0
    draft: Annotated[Id, said("the draft")]
    action: Annotated[Action, said("`went`, `undone` or `redone`")]
    node: Annotated[Id | None, said("where it went; NULL for undone and redone")] = None
    target: Annotated[Id | None, said("the event undone or redone")] = None
    created: Annotated[Text, said("when")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something said about a draft, a node or the desk; the last of its key counts."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("order of marks")] = 0
    draft: Annotated[Id | None, said("NULL: about the desk")] = None
    node: Annotated[Id | None, said("NULL: about the draft as a whole")] = None
    key: Annotated[Name, said("`name`, `tags`, `archived`, `steering`, `weights`, `model`, `bookmarked`, `pinned`...")]
    value: Annotated[Plain, said("`{is: value}`")]
    created: Annotated[Text, said("when")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the model was asked for, recorded before it answers: all that makes the answer, should it never come."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    draft: Annotated[Id, said("the draft")]
    node: Annotated[Id, said("the node whose text was continued")]
    at: Annotated[Count, said("where in that text")]
    model: Annotated[Text, said("the model's name")]
    overfit: Annotated[Id | None, said("NULL: the fresh weights")] = None
    strength: Annotated[float, said("by how much of its step the overfit was applied")] = 1.0
    steering: Annotated[Plain, said("memory, note, settings with their seed")]
    created: Annotated[Text, said("when")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOverfit(generations.Overfit):
    """One fine-tuning of fresh weights on a text that was selected."""

    __pydantic_config__ = NO_MORE

    draft: Annotated[Id, said("the draft it was made for")] = 0
    of_model: Annotated[Text, said("the model as it was asked for: a name, or a folder")] = ""
    text: Annotated[Text, said("what it was overfitted on")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskBatch(generations.Batch):
    """What was drawn together for a draft."""

    __pydantic_config__ = NO_MORE

    question: Annotated[Id | None, said("what was asked; NULL for a token that was taken or swapped")] = None
    strength: Annotated[float, said("by how much of its step the overfit was applied")] = 1.0
    prompt_ids: Annotated[list[Count], said("exactly what the model read")] = field(default_factory=list)


def plain(value: Any) -> dict[str, Any]:
    """A mark's value as it is recorded."""
    return {"is": value}
