"""How a chat is put to a model, where its files say so. Knows templates, and no model.

A template is a program of somebody else's: it runs in Jinja's sandbox, on plain values, and its result is text alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from verbosify.errors import ModelError

TEMPLATE_NAME = "chat_template.jinja"
LONGEST = 200_000
"""Characters of a template."""


def chat_template(folder: Path) -> str | None:
    """The template among a model's files, by itself or in `tokenizer_config.json`; None if there is none."""
    own = folder / TEMPLATE_NAME
    try:
        if own.is_file():
            template: Any = own.read_text("utf-8")
        else:
            template = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError):
        return None
    if isinstance(template, list):  # several, by name
        named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
        template = named.get("default")
    return template if isinstance(template, str) and 0 < len(template) <= LONGEST else None


def special_tokens(folder: Path) -> dict[str, str]:
    """What the files call the tokens that begin and end a text, for the template."""
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    found = {name: config.get(name) for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
    texts = {name: value.get("content") if isinstance(value, dict) else value for name, value in found.items()}
    return {name: value for name, value in texts.items() if isinstance(value, str)}


def put(template: str, messages: Sequence[dict[str, str]], tokens: dict[str, str]) -> str:
    """The text that puts a chat, `{role, content}` a turn, to the model, up to where its answer begins.

    Raises `ModelError` if the template fails, or refuses such a chat.
    """
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    values = {**tokens, "messages": list(messages), "add_generation_prompt": True}
    try:
        return environment.from_string(template).render(**values)
    except ModelError:
        raise
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ModelError(
            f"The model's chat template fails on this chat ({type(error).__name__}): change it."
        ) from error


def _refuse(message: object) -> NoReturn:
    raise ModelError(f"The model's chat template refuses this chat: {str(message)[:200]}.")
