"""Three columns: a prompt, what its writer wrote next, and what the machine wrote next; static, and blind if wanted."""

from __future__ import annotations

from verbosify.exhibits.columns.building import build_columns
from verbosify.exhibits.columns.comparing import Comparison, compare

__all__ = ["Comparison", "build_columns", "compare"]
