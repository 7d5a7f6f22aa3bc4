"""A Ray cluster of two nodes on this computer, for all tests here; without telemetry and dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands import CHECKPOINTS

NODE = {"include_dashboard": False, "no_monitor": True, "include_log_monitor": False}


@pytest.fixture(scope="package")
def cluster() -> Iterator[Any]:
    """A head without room for workers, and a node with room for two; RAY_ADDRESS is its address."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # it listens to this computer only
        patch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE})
        made.add_node(num_cpus=2, **NODE)
        patch.setenv("RAY_ADDRESS", made.address)
        yield made
        made.shutdown()
