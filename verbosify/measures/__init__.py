"""Copied, looped, drifted, blank, cut off, diverse: text in, numbers out. Knows nothing of models, essays or pieces."""

from verbosify.measures.batch import Diversity, measure_batch
from verbosify.measures.opinion import OFF_ITS_RAILS, Opinion, is_off_its_rails, opinion_of
from verbosify.measures.sample import Measures, measure_sample
from verbosify.measures.thresholds import THRESHOLDS, Thresholds

__all__ = [
    "OFF_ITS_RAILS",
    "THRESHOLDS",
    "Diversity",
    "Measures",
    "Opinion",
    "Thresholds",
    "is_off_its_rails",
    "measure_batch",
    "measure_sample",
    "opinion_of",
]
