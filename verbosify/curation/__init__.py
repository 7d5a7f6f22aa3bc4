"""Curation without a person: trim samples to whole sentences, choose, advise the next settings."""

from verbosify.curation.advice import Advice, advise, portfolio
from verbosify.curation.candidates import Candidate, candidates
from verbosify.curation.choosing import Choice, choose, shortlist
from verbosify.curation.prose import Mentions, Voice, unfit

__all__ = [
    "Advice",
    "Candidate",
    "Choice",
    "Mentions",
    "Voice",
    "advise",
    "candidates",
    "choose",
    "portfolio",
    "shortlist",
    "unfit",
]
