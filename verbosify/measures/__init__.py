"""Copied, looped, drifted, blank, cut off, diverse: text in, numbers out. Knows nothing of models, essays or pieces."""

from verbosify.measures.batch import Diversity, measure_batch
from verbosify.measures.opinion import Opinion, opinion_of
from verbosify.measures.sample import Measures, measure_sample
from verbosify.measures.thresholds import THRESHOLDS, Thresholds

__all__ = [
    "THRESHOLDS",
    "Diversity",
    "Measures",
    "Opinion",
    "Thresholds",
    "measure_batch",
    "measure_sample",
    "opinion_of",
]
