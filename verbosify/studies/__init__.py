"""Declared grids to tidy tables to figures: what changes when one thing about an overfit changes. Knows no pages."""

from __future__ import annotations

from verbosify.studies.grid import Cell, Study, read_study, study_names
from verbosify.studies.here import run_here

__all__ = ["Cell", "Study", "read_study", "run_here", "study_names"]
