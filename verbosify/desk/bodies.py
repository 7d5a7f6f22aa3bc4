"""What each verb is asked with, as types that are checked before anything is done. Knows no transport."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from verbosify.desk.failures import invalid
from verbosify.desk.steering import TOP_MOST, LongText, Real, SettingsChange, SteeringChange
from verbosify.record.checking import place_of, reason_of
from verbosify.record.fields import Flag, Text

Number = Annotated[int, Strict(), Field(ge=1, le=2**53)]
Offset = Annotated[int, Strict(), Field(ge=0, le=2**53)]
Label = Annotated[Text, Field(max_length=200)]
Strength = Annotated[Real, Field(ge=0, le=2)]
ModelName = Annotated[Text, Field(min_length=1, max_length=300)]
Top = Annotated[int, Strict(), Field(ge=1, le=TOP_MOST)]


class Nothing(TypedDict):
    """No values."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]


class Which(Nothing):
    """One of a draft's overfits, at a strength."""

    overfit: Number
    strength: NotRequired[Strength]


Weights = Which | Literal["fresh"] | None


class RecipeChange(Nothing, total=False):
    """Fields of `TuningRecipe`; the rest are those of `classic`."""

    name: Label
    window: Literal["repeat", "once", "original"]
    window_tokens: Annotated[int, Strict(), Field(ge=2, le=8192)]
    steps: Annotated[int, Strict(), Field(ge=1, le=50)]
    windows_per_step: Annotated[int, Strict(), Field(ge=1, le=20)]
    learning_rate: Annotated[Real, Field(gt=0, le=1)]
    epsilon: Annotated[Real, Field(gt=0, le=1)]
    weights: Literal["all", "blocks"]
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)]
    strength: Strength


Recipe = Annotated[Text, Field(max_length=40)] | RecipeChange


class OneDraft(Nothing):
    draft: Number


class Preset(Nothing):
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    settings: NotRequired[SettingsChange]


class Job(Nothing):
    job: Annotated[Text, Field(max_length=80)]


class Drafts(Nothing, total=False):
    query: Annotated[Text, Field(max_length=1000)]
    tags: Annotated[list[Label], Field(max_length=50)]
    archived: Flag


class Create(Nothing, total=False):
    name: Label
    text: LongText
    gap: Offset | None


class Rename(OneDraft):
    name: Label


class Tag(OneDraft):
    tags: Annotated[list[Annotated[Text, Field(min_length=1, max_length=60)]], Field(max_length=50)]


class Archive(OneDraft):
    archived: Flag


class Moved(OneDraft):
    revision: Offset


class Save(Moved):
    text: LongText


class Branch(OneDraft):
    parent: Number
    text: LongText


class Steps(Moved):
    steps: NotRequired[Annotated[int, Strict(), Field(ge=1, le=1000)]]


class Go(Moved):
    node: Number


class Tree(OneDraft):
    since: NotRequired[Offset]


class OneNode(OneDraft):
    node: Number


class MaybeNode(OneDraft):
    node: NotRequired[Number]


class Marks(OneNode):
    name: NotRequired[Label]
    bookmarked: NotRequired[Flag]
    pinned: NotRequired[Flag]


class Compare(OneDraft):
    a: Number
    b: Number


class Import(Nothing):
    text: Annotated[Text, Field(max_length=50_000_000)]


class Pick(OneNode):
    start: Offset
    end: Offset
    gap: Offset
    reading: NotRequired[Annotated[Text, Field(min_length=1, max_length=80)]]


class Generate(MaybeNode):
    at: NotRequired[Offset]
    n: NotRequired[Annotated[int, Strict(), Field(ge=1, le=100)]]
    settings: NotRequired[SettingsChange]
    weights: NotRequired[Weights]
    again: NotRequired[Number]


class Accept(Moved):
    node: Number
    end: NotRequired[Offset]


class Seen(MaybeNode):
    text: NotRequired[LongText]
    at: NotRequired[Offset]
    settings: NotRequired[SettingsChange]


class TokenList(Seen):
    top: NotRequired[Top]
    weights: NotRequired[Weights]


class Take(Moved):
    at: NotRequired[Offset]
    token_id: Offset
    weights: NotRequired[Weights]


class Tokenize(Nothing):
    draft: NotRequired[Number]
    text: LongText


class Tints(MaybeNode):
    start: NotRequired[Offset]
    end: NotRequired[Offset]
    weights: NotRequired[Annotated[list[Literal["fresh", "overfit"]], Field(min_length=1, max_length=2)]]


class Alternatives(MaybeNode):
    start: Offset
    top: NotRequired[Top]
    weights: NotRequired[Weights]


class Swap(Moved):
    start: Offset
    end: Offset
    token_id: Offset
    rest: NotRequired[Flag]
    weights: NotRequired[Weights]


class Estimate(OneDraft):
    text: LongText
    recipe: NotRequired[Recipe]


class Steered(OneDraft):
    steering_revision: Offset


class Overfit(Steered):
    text: LongText
    recipe: NotRequired[Recipe]
    strength: NotRequired[Strength]


class Weigh(Steered):
    overfit: Number | None
    strength: NotRequired[Strength]


class Steer(Steered):
    steering: SteeringChange


class UseModel(Steered):
    model: ModelName


KINDS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind)
    for name, kind in {
        "hello": Nothing,
        "status": Nothing,
        "models": Nothing,
        "presets": Nothing,
        "save_preset": Preset,
        "delete_preset": Preset,
        "cancel": Job,
        "drafts": Drafts,
        "create": Create,
        "open": OneDraft,
        "rename": Rename,
        "tag": Tag,
        "archive": Archive,
        "clone": OneNode,
        "watch": OneDraft,
        "save": Save,
        "branch": Branch,
        "undo": Steps,
        "redo": Steps,
        "go": Go,
        "tree": Tree,
        "text": OneNode,
        "mark": Marks,
        "compare": Compare,
        "export_text": MaybeNode,
        "export_tree": OneDraft,
        "import_tree": Import,
        "gaps": Nothing,
        "pick": Pick,
        "generate": Generate,
        "accept": Accept,
        "tokens": TokenList,
        "take": Take,
        "preview": Seen,
        "tokenize": Tokenize,
        "tints": Tints,
        "alternatives": Alternatives,
        "swap": Swap,
        "estimate": Estimate,
        "overfit": Overfit,
        "overfits": OneDraft,
        "weigh": Weigh,
        "steer": Steer,
        "use_model": UseModel,
    }.items()
}
"""The verbs, and what each is asked with."""

STREAMS = frozenset({"watch", "generate", "overfit", "use_model"})
"""The verbs that answer with events."""


def checked(kind: TypeAdapter[Any], body: Any, called: str = "The request") -> Any:
    """`body` as a request's values; a failure that names the first place that is wrong."""
    try:
        return kind.validate_python(body)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise invalid(f"{called} is wrong at {place_of(details)[:160]}: {_short(reason_of(details))}.") from None
    except RecursionError:
        raise invalid(f"{called} is nested too deeply.") from None


def _short(reason: str) -> str:
    return (reason if len(reason) <= 200 else f"{reason[:100]}…{reason[-99:]}").rstrip(".")
