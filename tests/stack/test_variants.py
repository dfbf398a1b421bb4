"""Stacks with other parameters: each is deployed, does what every stack does, and is deleted."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from admin.target.probe import FOLDER
from tests.stack.deployment import ARCHITECTURE, DEMO, HAS_EDGE, Stack, deploy
from tests.stack.emulator import ACCOUNT, REGION, Emulator
from tests.stack.probes import (
    BEHIND_CLOUDFRONT,
    COMMON,
    PNG,
    a_public_file_reaches_no_function,
    answered,
    failures,
    stored,
)
from tests.stack.test_edge import open_collections


@contextmanager
def deployed(emulator: Emulator, name: str, parameters: Mapping[str, str]) -> Iterator[Stack]:
    stack = deploy(emulator, name, parameters)
    stack.import_demo()
    try:
        yield stack
    finally:
        stack.discard()


def test_a_stack_without_cloudfront(emulator: Emulator) -> None:
    with deployed(emulator, "no-cdn", {"Cdn": "no"}) as stack:
        assert "execute-api" in stack.outputs["Url"]
        assert failures(stack, COMMON) == []
        assert "CdnDistribution" not in stack.resources
        assert "OriginSecret" not in stack.resources


def test_a_stack_with_an_existing_bucket(emulator: Emulator) -> None:
    bucket = "pocketbases-own"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    emulator.client("s3").create_bucket(Bucket=bucket)
    parameters = {"ExistingBucket": bucket, "BucketKmsKeyArn": key}
    with deployed(emulator, "existing-bucket", parameters) as stack:
        assert stack.bucket == bucket
        assert "FilesBucket" not in stack.resources
        if HAS_EDGE:
            the_edge_stays_closed_until_cloudfront_may_read(stack)
        assert failures(stack, BEHIND_CLOUDFRONT) == []
        policy = emulator.client("iam").get_role_policy(
            RoleName=stack.resources["FilesRole"], PolicyName="bucket-key"
        )["PolicyDocument"]
        (statement,) = policy["Statement"]
        assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
        assert statement["Resource"] == key


def the_edge_stays_closed_until_cloudfront_may_read(stack: Stack) -> None:
    """The import asked CloudFront for an object of the bucket, over HTTPS and in vain, so that it
    opened no collection. The bucket's policy and a sync open them.
    """
    assert open_collections(stack) == {FOLDER}
    before = answered(stack)
    assert stack.get(f"/api/files/{PNG}").body == stored(PNG)
    assert answered(stack) == before + 1, "the functions serve what the edge may not"
    s3 = stack.emulator.client("s3")
    statement = json.loads(stack.outputs["BucketPolicyStatement"])
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=stack.bucket, Policy=policy)
    stack.admin("sync", "--pb-data", str(DEMO), "--stack", stack.name)
    assert "photos" in open_collections(stack)
    assert FOLDER not in open_collections(stack)
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.bucket, Prefix=FOLDER)
    a_public_file_reaches_no_function(stack)


def test_a_stack_with_an_audit_log(emulator: Emulator) -> None:
    with deployed(emulator, "audited", {"AuditLogDays": "30", "Cdn": "no"}) as stack:
        assert failures(stack, COMMON) == []
        group = stack.outputs["AuditLogGroupName"]
        assert retention_days(emulator, group) == 30
        assert stack.logged("files", "opened") == []
    assert retention_days(emulator, group) == 30, "it stays when the stack is deleted"


def retention_days(emulator: Emulator, log_group: str) -> int:
    listed = emulator.client("logs").describe_log_groups(logGroupNamePrefix=log_group)
    (found,) = listed["logGroups"]
    return int(found["retentionInDays"])


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
        assert state_after_one(stack, "OperatorAlarm", "OperatorMustAct") == "ALARM"


def state_after_one(stack: Stack, alarm: str, metric: str) -> str:
    """An alarm's state after a metric of the functions was counted once."""
    client = stack.emulator.client("cloudwatch")
    dimensions = [{"Name": "service", "Value": stack.name}]
    counted = {"MetricName": metric, "Dimensions": dimensions, "Value": 1, "Unit": "Count"}
    client.put_metric_data(Namespace="PocketFiles", MetricData=[counted])
    (found,) = client.describe_alarms(AlarmNames=[stack.resources[alarm]])["MetricAlarms"]
    return str(found["StateValue"])


def test_a_stack_that_shifts_traffic_step_by_step(emulator: Emulator) -> None:
    """The emulator has no CodeDeploy: the alias moves at once."""
    topic = emulator.client("sns").create_topic(Name="canary")["TopicArn"]
    parameters = {"Deployment": "Canary10Percent5Minutes", "AlarmTopicArn": topic, "Cdn": "no"}
    with deployed(emulator, "canary", parameters) as stack:
        template = emulator.client("cloudformation").get_template(
            StackName=stack.name, TemplateStage="Processed"
        )["TemplateBody"]
        processed = template if isinstance(template, dict) else json.loads(template)
        for function in ("FilesFunction", "TokensFunction"):
            group = processed["Resources"][f"{function}DeploymentGroup"]["Properties"]
            alias = processed["Resources"][f"{function}Aliaslive"]
            name = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
            assert name == {"Ref": f"{function}DeploymentGroup"}
            assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
            assert "ReleaseAlarm" in json.dumps(group["AlarmConfiguration"])
        assert "ReleaseAlarm" in stack.resources
        before = stack.live_version("FilesFunction")
        deploy(emulator, stack.name, {**parameters, "LogLevel": "DEBUG"})
        assert int(stack.live_version("FilesFunction")) > int(before)


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


@pytest.mark.parametrize("value", ["riscv64", *{"arm64", "x86_64"} - {ARCHITECTURE}])
def test_a_parameter_that_is_not_allowed_is_refused(emulator: Emulator, value: str) -> None:
    with pytest.raises(Exception, match="Architecture"):
        deploy(emulator, "refused", {"Architecture": value})
