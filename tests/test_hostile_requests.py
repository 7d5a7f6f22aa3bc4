"""Hostile requests to each server of the exhibits, a few of those that the campaign sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.besieged import SERVERS, columns_campaign, server_campaign
from tests.campaigns.requests import harm
from tests.seeds import HOSTILE, seeded


@pytest.mark.parametrize("name", SERVERS)
def test_hostile_requests_make_no_error_and_nothing_of_them_is_carried_out(
    name: str, speaking_model: Path, tmp_path: Path
) -> None:
    figures = server_campaign(tmp_path, speaking_model, name, count=HOSTILE, seed=seeded(16))

    assert figures.faults == []
    assert figures.statuses.total() == HOSTILE
    assert len(figures.statuses) >= 6, figures.statuses


def test_columns_of_hostile_pieces_hold_nothing_to_execute(tmp_path: Path) -> None:
    figures = columns_campaign(tmp_path, count=30, seed=seeded(16))

    assert figures.faults == []
    assert figures.statuses[200] > 0


@pytest.mark.parametrize(
    "planted",
    [
        "<script>x</script>",
        "<script src=//x/static/page.js></script>",
        "<p onclick=x>",
        "<a href=' java\nscript:x'>",
        "<iframe src=x></iframe>",
        "<button formaction='data:text/html,x'>",
        "<meta http-equiv=refresh content=0>",
        "<svg/onload=x>",
    ],
)
def test_what_is_planted_in_a_page_is_seen(planted: str) -> None:
    assert list(harm(f"<html><body>{planted}</body></html>".encode()))
    assert list(harm(b"<html><body><script src=/static/x/page.js></script><a href=/t/x>x</a></body></html>")) == []
