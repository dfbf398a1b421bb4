"""The deployer's policy: enough for every resource of the template, and no more than its kinds."""

import json
import re
from typing import Any

import pytest

from local.intrinsics import load
from tests.conftest import ROOT
from tests.template_checks.reading import listed

POLICY = json.loads((ROOT / "deploy" / "deployer-policy.json").read_text())
TEMPLATE = load((ROOT / "template.yaml").read_text())
NEEDS: dict[str, set[str]] = {
    "AWS::Budgets::Budget": {"budgets:ModifyBudget", "budgets:ViewBudget"},
    "AWS::CloudFront::CachePolicy": {
        "cloudfront:CreateCachePolicy",
        "cloudfront:UpdateCachePolicy",
        "cloudfront:DeleteCachePolicy",
    },
    "AWS::CloudFront::Distribution": {
        "cloudfront:CreateDistribution",
        "cloudfront:UpdateDistribution",
        "cloudfront:DeleteDistribution",
    },
    "AWS::CloudFront::Function": {
        "cloudfront:CreateFunction",
        "cloudfront:UpdateFunction",
        "cloudfront:PublishFunction",
        "cloudfront:DeleteFunction",
    },
    "AWS::CloudFront::KeyValueStore": {
        "cloudfront:CreateKeyValueStore",
        "cloudfront:DeleteKeyValueStore",
    },
    "AWS::CloudFront::OriginAccessControl": {
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:DeleteOriginAccessControl",
    },
    "AWS::CloudFront::OriginRequestPolicy": {
        "cloudfront:CreateOriginRequestPolicy",
        "cloudfront:DeleteOriginRequestPolicy",
    },
    "AWS::CloudFront::ResponseHeadersPolicy": {
        "cloudfront:CreateResponseHeadersPolicy",
        "cloudfront:DeleteResponseHeadersPolicy",
    },
    "AWS::CloudWatch::Alarm": {"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"},
    "AWS::CloudWatch::Dashboard": {"cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"},
    "AWS::DynamoDB::Table": {
        "dynamodb:CreateTable",
        "dynamodb:UpdateTable",
        "dynamodb:UpdateContinuousBackups",
    },
    "AWS::IAM::Role": {
        "iam:CreateRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "iam:PassRole",
    },
    "AWS::Logs::Delivery": {"logs:CreateDelivery", "logs:DeleteDelivery"},
    "AWS::Logs::DeliveryDestination": {
        "logs:PutDeliveryDestination",
        "logs:DeleteDeliveryDestination",
    },
    "AWS::Logs::DeliverySource": {
        "logs:PutDeliverySource",
        "logs:DeleteDeliverySource",
        "cloudfront:AllowVendedLogDeliveryForResource",
    },
    "AWS::Logs::LogGroup": {
        "logs:CreateLogGroup",
        "logs:DeleteRetentionPolicy",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:DeleteLogGroup",
    },
    "AWS::Logs::LogStream": {
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:DeleteLogStream",
    },
    "AWS::S3::Bucket": {
        "s3:CreateBucket",
        "s3:PutBucketCORS",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    },
    "AWS::S3::BucketPolicy": {"s3:PutBucketPolicy", "s3:DeleteBucketPolicy"},
    "AWS::SecretsManager::Secret": {
        "secretsmanager:CreateSecret",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:DeleteSecret",
    },
    "AWS::Serverless::Function": {
        "lambda:CreateFunction",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:PublishVersion",
        "lambda:CreateAlias",
        "lambda:UpdateAlias",
        "lambda:AddPermission",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunction",
        "codedeploy:CreateDeploymentGroup",
        "codedeploy:CreateDeployment",
    },
    "AWS::Serverless::HttpApi": {
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:DELETE",
        "logs:CreateLogDelivery",
    },
    "AWS::Serverless::LayerVersion": {
        "lambda:PublishLayerVersion",
        "lambda:GetLayerVersion",
        "lambda:DeleteLayerVersion",
    },
    "AWS::WAFv2::WebACL": {"wafv2:CreateWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL"},
}
"""What CloudFormation calls for each kind of resource, as whoever deploys."""

DOCUMENTED = {
    "make logs": {"cloudformation:DescribeStacks", "logs:FilterLogEvents"},
    "rotating the origin secret": {
        "cloudformation:DescribeStackResource",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
    },
}
"""What commands of the documentation call, besides `make deploy`."""

KINDS = sorted({body["Type"] for body in TEMPLATE["Resources"].values()})
TOOLS = {"cloudformation", "sts"}
"""Services that `sam` and `make deploy` call, besides those of the resources."""


def allowed() -> set[str]:
    return {action for statement in POLICY["Statement"] for action in listed(statement["Action"])}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_resource_can_be_deployed(kind: str) -> None:
    assert NEEDS[kind] - allowed() == set()


@pytest.mark.parametrize("task", DOCUMENTED)
def test_what_the_documentation_asks_for_is_allowed(task: str) -> None:
    assert DOCUMENTED[task] - allowed() == set()


def test_a_tag_that_can_be_set_can_be_taken_away() -> None:
    """A change of `tags` in samconfig.toml takes tags away."""
    tagging = {action for action in allowed() if re.search(":Tag(Role|Resource)$", action)}
    assert {action.replace(":Tag", ":Untag") for action in tagging} - allowed() == set()


def test_only_services_of_the_template_are_allowed() -> None:
    services = {action.partition(":")[0] for kind in KINDS for action in NEEDS[kind]}
    assert {action.partition(":")[0] for action in allowed()} == services | TOOLS


def test_nothing_is_allowed_by_wildcard() -> None:
    assert [action for action in allowed() if "*" in action] == []


def test_the_policy_fits_into_a_role() -> None:
    """All inline policies of a role together may have 10,240 characters without blanks."""
    assert len(json.dumps(POLICY, separators=(",", ":"))) < 10_240


@pytest.mark.parametrize("service", ["iam", "lambda", "dynamodb", "s3", "cloudformation"])
def test_what_matters_is_bound_to_the_stacks_name(service: str) -> None:
    harmless = {"lambda:GetAccountSettings", "cloudformation:ValidateTemplate"}
    harmless |= {"cloudformation:GetTemplateSummary"}
    for statement in POLICY["Statement"]:
        actions = {a for a in listed(statement["Action"]) if a.startswith(f"{service}:")}
        if actions - harmless:
            resources: list[Any] = listed(statement["Resource"])
            assert all(
                "pocketfiles" in each or "aws-sam-cli-managed" in each or "Serverless" in each
                for each in resources
            ), statement["Sid"]
