"""The whole job: essay -> passages -> overfit -> samples -> measures -> picks -> piece. Ties the rooms together."""

from verbosify.workflow.finish import Summary
from verbosify.workflow.options import Options
from verbosify.workflow.replay import Replay, replay
from verbosify.workflow.run import Progress, verbosify

__all__ = ["Options", "Progress", "Replay", "Summary", "replay", "verbosify"]
