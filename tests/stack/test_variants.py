"""Stacks with other parameters: each is deployed, does what every stack does, and is deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.stack.deployment import Stack, deploy
from tests.stack.emulator import Emulator
from tests.stack.probes import BEHIND_CLOUDFRONT, COMMON, failures


@contextmanager
def deployed(emulator: Emulator, name: str, parameters: Mapping[str, str]) -> Iterator[Stack]:
    stack = deploy(emulator, name, parameters)
    stack.import_demo()
    try:
        yield stack
    finally:
        stack.delete()


def test_a_stack_without_cloudfront(emulator: Emulator) -> None:
    with deployed(emulator, "no-cdn", {"Cdn": "no"}) as stack:
        assert "execute-api" in stack.outputs["Url"]
        assert failures(stack, COMMON) == []
        assert "CdnDistribution" not in stack.resources
        assert "OriginSecret" not in stack.resources


def test_a_stack_with_an_existing_bucket(emulator: Emulator) -> None:
    bucket = "pocketbases-own"
    emulator.client("s3").create_bucket(Bucket=bucket)
    with deployed(emulator, "existing-bucket", {"ExistingBucket": bucket}) as stack:
        assert stack.bucket == bucket
        assert "FilesBucket" not in stack.resources
        assert failures(stack, BEHIND_CLOUDFRONT) == []


def test_a_stack_with_alarms(emulator: Emulator) -> None:
    topic = emulator.client("sns").create_topic(Name="alarms")["TopicArn"]
    with deployed(emulator, "alarms", {"AlarmTopicArn": topic}) as stack:
        described = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
        names = {alarm["AlarmName"] for alarm in described}
        alarms = {
            identifier for name, identifier in stack.resources.items() if name.endswith("Alarm")
        }
        assert alarms
        assert alarms <= names
        assert all(alarm["AlarmActions"] == [topic] for alarm in described)
        assert failures(stack, BEHIND_CLOUDFRONT) == []


def test_a_stack_with_tracing_and_snapstart(emulator: Emulator) -> None:
    parameters = {"Tracing": "Active", "SnapStart": "PublishedVersions"}
    with deployed(emulator, "traced", parameters) as stack:
        client = emulator.client("lambda")
        for function in ("FilesFunction", "TokensFunction"):
            configuration = client.get_function_configuration(
                FunctionName=stack.resources[function], Qualifier="live"
            )
            assert configuration["TracingConfig"]["Mode"] == "Active"
            assert configuration["SnapStart"]["OptimizationStatus"] == "On"
        assert failures(stack, BEHIND_CLOUDFRONT) == []


def test_a_stack_with_a_firewall(emulator: Emulator) -> None:
    with deployed(emulator, "firewall", {"Firewall": "yes"}) as stack:
        client = emulator.client("cloudfront")
        distribution = client.get_distribution(Id=stack.resources["CdnDistribution"])
        configuration = distribution["Distribution"]["DistributionConfig"]
        assert "webacl" in configuration["WebACLId"]
        assert failures(stack, BEHIND_CLOUDFRONT) == []


@pytest.mark.parametrize("value", ["riscv64"])
def test_a_parameter_that_is_not_allowed_is_refused(emulator: Emulator, value: str) -> None:
    with pytest.raises(Exception, match="Architecture"):
        deploy(emulator, "refused", {"Architecture": value})
