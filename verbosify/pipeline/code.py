"""Stages for answers that are Python: cut to what parses, and told what they import. Nothing is ever run."""

from __future__ import annotations

import ast
import warnings

from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import cleaner, refusal

MOST_CHARACTERS = 20_000
"""Of a source that is parsed."""
_RUNS = frozenset(
    (
        *("__builtins__", "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "getattr"),
        *("globals", "input", "locals", "open", "quit", "setattr", "vars"),
    )
)
"""Names of what runs texts, asks, or reaches out of a program."""


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a source; None if it is not Python. It is compiled, which runs nothing of it.

    So a `return` outside of a function is told too, and a name given twice to one call.
    """
    if len(source) > MOST_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as of an escape that is none
            compile(source, "<generated>", "exec", dont_inherit=True)
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@cleaner
def python_lines(text: str, _context: Context, *, most: int = 24) -> str:
    """Keep the longest beginning that is Python, of `most` lines; nothing if there is none."""
    lines = text.rstrip().splitlines()[:most]
    while lines:
        source = "\n".join(line.rstrip() for line in lines)
        if parsed(source) is not None:
            return source.strip("\n")
        lines.pop()
    return ""


@cleaner
def before_repeated_lines(text: str, _context: Context) -> str:
    """Keep what comes before a line of code that was there already."""
    seen: set[str] = set()
    kept = []
    for line in text.splitlines():
        if (
            line.strip()
            and line.strip() in seen
            and not line.strip().startswith(("else", "try", "return", ")", "]", "}"))
        ):
            break
        seen.add(line.strip())
        kept.append(line)
    return "\n".join(kept).rstrip()


@refusal
def not_python(text: str, _context: Context, *, least: int = 1) -> str | None:
    """Refuse what does not parse, or has fewer statements than `least`, in all; bare texts are none."""
    tree = parsed(text)
    if tree is None:
        return "is not Python"
    counted = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not _is_bare(node)]
    return "says too little" if len(counted) < least else None


def _is_bare(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


@refusal
def imports_other(text: str, context: Context, *, modules: list[str], inputs: list[str] = []) -> str | None:  # noqa: B006
    """Refuse Python that imports what is not of the `modules`, or names what runs texts, asks or opens files.

    What the `inputs` of these names say may be imported too.
    """
    tree = parsed(text)
    if tree is None:
        return "is not Python"
    allowed = {*modules, *(context.inputs.get(name, "") for name in inputs)} - {""}
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.partition(".")[0] not in allowed:
                return f"imports {name.partition('.')[0] or 'from beside it'}"
        if isinstance(node, ast.Name) and node.id in _RUNS:
            return f"uses {node.id}"
        if isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr.endswith("__"):
            return f"uses {node.attr}"
    return None


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
