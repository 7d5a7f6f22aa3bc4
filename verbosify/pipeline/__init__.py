"""A declared way from a question to an answer: template, sample, stop, clean, refuse, choose. Knows no server, no page.

A `Pipeline` is frozen and made of plain values; its stages are small functions of a registry that other packages add to
by entry points (`verbosify.stages`). `run` and `stream` ask a model, and every answer has the trace of its way.
"""

from __future__ import annotations

from verbosify.pipeline.answers import Answer, Draw, Event, Outcome, Recorder, TraceEntry
from verbosify.pipeline.context import Context
from verbosify.pipeline.definition import Choice, Input, Overfitting, Pipeline, Step, read_pipeline
from verbosify.pipeline.registry import Stage, cleaner, find_stage, list_stages, measure, refusal
from verbosify.pipeline.running import run, stream
from verbosify.pipeline.wording import Words

__all__ = [
    "Answer",
    "Choice",
    "Context",
    "Draw",
    "Event",
    "Input",
    "Outcome",
    "Overfitting",
    "Pipeline",
    "Recorder",
    "Stage",
    "Step",
    "TraceEntry",
    "Words",
    "cleaner",
    "find_stage",
    "list_stages",
    "measure",
    "read_pipeline",
    "refusal",
    "run",
    "stream",
]
