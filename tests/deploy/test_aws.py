"""The template for AWS: made without a network, valid, and closed where it should be. It was never deployed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT

AWS = ROOT / "deploy" / "aws"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cdk")
    quiet = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
    environment = os.environ | quiet | {"CDK_OUTDIR": str(out), "CDK_DISABLE_VERSION_CHECK": "1"}
    command = [sys.executable, "app.py"]
    done = subprocess.run(command, cwd=AWS, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / "VerbosifyReplies.template.json"


@pytest.fixture(scope="module")
def resources(template: Path) -> dict[str, list[dict[str, Any]]]:
    """Properties of the resources by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(template.read_text())["Resources"].values():
        found.setdefault(each["Type"], []).append(each.get("Properties", {}))
    return found


def test_the_template_is_one_that_cloudformation_takes(template: Path) -> None:
    from cfnlint.api import lint_file

    assert [f"{found.rule.id} {found.message}" for found in lint_file(template)] == []


def test_the_task_is_nobody_writes_to_its_record_alone_and_knows_its_redis(
    resources: dict[str, list[dict[str, Any]]],
) -> None:
    (task,) = resources["AWS::ECS::TaskDefinition"]
    (container,) = task["ContainerDefinitions"]
    assert (container["User"], container["ReadonlyRootFilesystem"]) == ("10001", True)
    assert {mount["ContainerPath"] for mount in container["MountPoints"]} == {"/data", "/tmp"}  # noqa: S108
    assert {each["Name"] for each in container["Environment"]} >= {
        "VERBOSIFY_REPLIES_REDIS",
        "VERBOSIFY_REPLIES_WITHOUT_REDIS",
        "VERBOSIFY_REPLIES_PROXY",
    }
    (service,) = resources["AWS::ECS::Service"]
    assert (service["DesiredCount"], service["DeploymentConfiguration"]["MaximumPercent"]) == (1, 100)


def test_environment_names_are_options_of_the_command(resources: dict[str, list[dict[str, Any]]]) -> None:
    import typer

    from verbosify.cli.app import app

    group: Any = typer.main.get_command(app)
    known = {name.envvar for name in group.commands["replies"].commands["serve"].params}
    (task,) = resources["AWS::ECS::TaskDefinition"]
    given = {each["Name"] for each in task["ContainerDefinitions"][0]["Environment"]}
    files = "".join((ROOT / "deploy" / name).read_text() for name in ("Dockerfile", "compose.yaml"))
    given |= {
        word.strip(":=") for word in files.replace("=", " ").replace(":", " ").split() if "VERBOSIFY_REPLIES_" in word
    }
    assert given - known == {"OMP_NUM_THREADS"}


def test_redis_and_the_record_are_reached_by_the_task_alone(resources: dict[str, list[dict[str, Any]]]) -> None:
    ingress = resources["AWS::EC2::SecurityGroupIngress"]
    assert {each["FromPort"] for each in ingress} >= {6379, 8002}
    assert all("SourceSecurityGroupId" in each and "CidrIp" not in each for each in ingress)
    open_ports = [
        rule["FromPort"]
        for group in resources["AWS::EC2::SecurityGroup"]
        for rule in group.get("SecurityGroupIngress", [])
        if rule.get("CidrIp") == "0.0.0.0/0"
    ]
    assert open_ports == [80]
    (bucket,) = resources["AWS::S3::Bucket"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_the_balancer_takes_what_shows_the_secret_and_refuses_the_rest(
    resources: dict[str, list[dict[str, Any]]],
) -> None:
    (listener,) = resources["AWS::ElasticLoadBalancingV2::Listener"]
    assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "403"
    (rule,) = resources["AWS::ElasticLoadBalancingV2::ListenerRule"]
    assert rule["Conditions"][0]["HttpHeaderConfig"]["HttpHeaderName"] == "X-Origin-Secret"


def test_logs_are_kept_a_week_and_somebody_is_told_what_it_costs(resources: dict[str, list[dict[str, Any]]]) -> None:
    assert resources["AWS::Logs::LogGroup"][0]["RetentionInDays"] == 7
    (budget,) = resources["AWS::Budgets::Budget"]
    assert [each["Notification"]["Threshold"] for each in budget["NotificationsWithSubscribers"]] == [80, 100]
