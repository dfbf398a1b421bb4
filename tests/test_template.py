"""The template has none of the faults that its checks find; each is found once it is put in."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from local.intrinsics import Resolver, load
from tests.conftest import ROOT
from tests.template_checks.data import (
    data_is_kept_and_closed,
    the_table_can_be_had_back,
)
from tests.template_checks.deployment import (
    alarms_stop,
    builds_are_possible,
    every_change_is_published,
    names_are_the_stacks_own,
    versions_can_be_described,
)
from tests.template_checks.edge import (
    https_is_demanded,
    the_api_alone_learns_the_secret,
    the_edge_keeps_no_secret,
    the_firewall_lets_a_file_server_work,
)
from tests.template_checks.functions import (
    READ_BY_LIBRARIES,
    ROUTES,
    handlers_exist,
    limits_fit_each_other,
    routes_are_the_apis,
    variables_are_read_and_set,
)
from tests.template_checks.interface import (
    outputs_tell_the_url,
    parameters_are_explained_and_bounded,
    the_contents_are_complete,
)
from tests.template_checks.permissions import (
    functions_may_do_what_they_do,
    logs_are_narrow_and_end,
    nothing_is_allowed_at_large,
)
from tests.template_checks.reading import (
    Check,
    Template,
    allowed,
    listed,
    of_type,
    statements,
)

CHECKS: list[Check] = [
    handlers_exist,
    routes_are_the_apis,
    variables_are_read_and_set,
    limits_fit_each_other,
    functions_may_do_what_they_do,
    nothing_is_allowed_at_large,
    logs_are_narrow_and_end,
    data_is_kept_and_closed,
    the_table_can_be_had_back,
    parameters_are_explained_and_bounded,
    outputs_tell_the_url,
    the_edge_keeps_no_secret,
    the_api_alone_learns_the_secret,
    names_are_the_stacks_own,
    alarms_stop,
    the_firewall_lets_a_file_server_work,
    https_is_demanded,
    every_change_is_published,
    versions_can_be_described,
    builds_are_possible,
    the_contents_are_complete,
]

DISTRIBUTION = ("Resources", "CdnDistribution", "Properties", "DistributionConfig")
TOKEN_POLICY = ("Resources", "CdnTokenPolicy", "Properties", "CachePolicyConfig")
REQUEST_POLICY = ("Resources", "CdnRequestPolicy", "Properties", "OriginRequestPolicyConfig")
TOKENS = ("Resources", "TokensFunction", "Properties")
FIREWALL = ("Resources", "CdnFirewall", "Properties")
LAYER = ("Resources", "PillowLayer", "Properties")
CACHE_POLICY = ("Resources", "CdnCachePolicy", "Properties", "CachePolicyConfig")


@pytest.fixture
def template() -> Template:
    return load((ROOT / "template.yaml").read_text())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_template_passes_every_check(check: Check, template: Template) -> None:
    assert list(check(template)) == []


def test_no_line_is_longer_than_120_characters() -> None:
    lines = (ROOT / "template.yaml").read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({}, "us-east-1"),
        ({"ExistingBucketRegion": "eu-west-3"}, "us-east-1"),
        ({"ExistingBucket": "files", "ExistingBucketRegion": "eu-west-3"}, "eu-west-3"),
    ],
    ids=["a new bucket", "a region without a bucket", "an existing bucket"],
)
def test_cloudfront_asks_for_a_new_bucket_in_the_stacks_own_region(
    given: dict[str, str], region: str, template: Template
) -> None:
    """S3 redirects requests to a bucket's true region, and CloudFront would keep that."""
    resolver = Resolver(template, given)
    origins = at(template, (*DISTRIBUTION, "Origins"))
    (bucket,) = (each for each in resolver.resolve(origins) if each["Id"] == "bucket")
    assert f".s3.{region}." in bucket["DomainName"]


# ---------------------------------------------------------------- the checks themselves


def every_variable(template: Template) -> Iterator[tuple[str, ...]]:
    common = ("Globals", "Function", "Environment", "Variables")
    own = ("Resources", "FilesFunction", "Properties", "Environment", "Variables")
    for place in (common, own):
        for name in at(template, place):
            if not READ_BY_LIBRARIES.fullmatch(name):
                yield (*place, name)


def every_route(template: Template) -> Iterator[tuple[str, ...]]:
    for function in of_type(template, "AWS::Serverless::Function"):
        place = ("Resources", function, "Properties", "Events")
        yield from ((*place, event) for event in at(template, place))


def at(template: Template, path: tuple[Any, ...]) -> Any:
    for key in path:
        template = template[key]
    return template


def test_a_missing_variable_is_noticed(template: Template) -> None:
    for path in every_variable(template):
        changed = copy.deepcopy(template)
        del at(changed, path[:-1])[path[-1]]
        assert list(variables_are_read_and_set(changed)), path


def test_a_variable_that_nobody_reads_is_noticed(template: Template) -> None:
    template["Globals"]["Function"]["Environment"]["Variables"]["STALE"] = "1"
    assert "FilesFunction is given STALE, which nobody reads" in list(
        variables_are_read_and_set(template)
    )


def test_a_resource_missing_in_the_contents_is_noticed(template: Template) -> None:
    template["Resources"]["Another"] = {"Type": "AWS::SNS::Topic"}
    assert list(the_contents_are_complete(template))


def test_a_missing_route_is_noticed(template: Template) -> None:
    paths = list(every_route(template))
    assert len(paths) == len(ROUTES)
    for path in paths:
        changed = copy.deepcopy(template)
        del at(changed, path[:-1])[path[-1]]
        assert list(routes_are_the_apis(changed)), path


@pytest.mark.parametrize("role", ["FilesRole", "TokensRole"])
def test_a_missing_permission_is_noticed(role: str, template: Template) -> None:
    for action in allowed(template, role):
        changed = copy.deepcopy(template)
        for statement in statements(changed, role):
            statement["Action"] = [each for each in listed(statement["Action"]) if each != action]
        assert list(functions_may_do_what_they_do(changed)) == [f"{role} lacks {action}"]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (
            "TokensRole",
            {"Action": "s3:GetObject", "Resource": {"Fn::GetAtt": ["FilesBucket", "Arn"]}},
        ),
        (
            "FilesRole",
            {"Action": "dynamodb:Scan", "Resource": {"Fn::GetAtt": ["CatalogueTable", "Arn"]}},
        ),
        (
            "FilesRole",
            {"Action": "dynamodb:*", "Resource": {"Fn::GetAtt": ["CatalogueTable", "Arn"]}},
        ),
    ],
    ids=["S3 for tokens", "a scan", "everything of DynamoDB"],
)
def test_a_permission_too_many_is_noticed(role: str, statement: Any, template: Template) -> None:
    policy = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    policy.append({"Effect": "Allow", **statement})
    assert list(functions_may_do_what_they_do(template)) == [
        f"{role} has {statement['Action']} for nothing"
    ]


@pytest.mark.parametrize("resource", ["*", {"Fn::Sub": "arn:${AWS::Partition}:s3:::*"}])
def test_a_resource_at_large_is_noticed(resource: Any, template: Template) -> None:
    for index, statement in enumerate(statements(template, "FilesRole")):
        if statement["Sid"] == "Trace":
            continue
        changed = copy.deepcopy(template)
        statements(changed, "FilesRole")[index]["Resource"] = resource
        assert list(nothing_is_allowed_at_large(changed)), statement["Sid"]


@pytest.mark.parametrize(
    ("check", "path", "value"),
    [
        (
            handlers_exist,
            ("Resources", "TokensFunction", "Properties", "Handler"),
            "token.app.handler",
        ),
        (limits_fit_each_other, ("Globals", "Function", "Timeout"), 30),
        (limits_fit_each_other, ("Parameters", "MemorySize", "Default"), 512),
        (data_is_kept_and_closed, ("Resources", "FilesBucket", "DeletionPolicy"), "Delete"),
        (data_is_kept_and_closed, ("Resources", "CatalogueTable", "UpdateReplacePolicy"), "Delete"),
        (data_is_kept_and_closed, ("Resources", "AuditLogStream", "DeletionPolicy"), "Delete"),
        (parameters_are_explained_and_bounded, ("Parameters", "LogLevel", "Description"), ""),
        (every_change_is_published, (*TOKENS, "VersionDescription"), {"Fn::Sub": "${LogLevel}"}),
        (every_change_is_published, (*TOKENS, "AutoPublishAliasAllProperties"), False),
        (every_change_is_published, (*LAYER, "PublishLambdaVersion"), False),
        (outputs_tell_the_url, ("Outputs", "Url", "Value"), ""),
        (the_edge_keeps_no_secret, (*CACHE_POLICY, "MinTTL"), 1),
        (the_api_alone_learns_the_secret, (*DISTRIBUTION, "Origins"), [{}]),
        (the_edge_keeps_no_secret, (*TOKEN_POLICY, "MaxTTL"), 60),
        (the_edge_keeps_no_secret, (*REQUEST_POLICY, "HeadersConfig", "Headers"), []),
        (
            the_edge_keeps_no_secret,
            ("Parameters", "CdnQueryParameters", "Default"),
            "thumb,download",
        ),
        (
            the_edge_keeps_no_secret,
            ("Resources", "CdnLogDelivery", "Properties", "RecordFields"),
            ["cs-uri-query"],
        ),
        (
            builds_are_possible,
            ("Parameters", "Architecture", "AllowedValues"),
            ["arm64", "riscv64"],
        ),
        (
            nothing_is_allowed_at_large,
            ("Resources", "FilesRole", "Properties", "ManagedPolicyArns"),
            ["a"],
        ),
        (logs_are_narrow_and_end, ("Resources", "FilesLogGroup", "Properties"), {}),
        (names_are_the_stacks_own, (*LAYER, "LayerName"), "pillow"),
        (names_are_the_stacks_own, ("Resources", "CdnLogSource", "Properties", "Name"), "cdn"),
        (
            alarms_stop,
            ("Resources", "OverloadAlarm", "Properties", "Namespace"),
            "AWS/DynamoDB",
        ),
        (alarms_stop, ("Resources", "ThumbAlarm", "Properties", "TreatMissingData"), "missing"),
        (
            the_firewall_lets_a_file_server_work,
            (*FIREWALL, "Rules"),
            [],
        ),
        (
            the_firewall_lets_a_file_server_work,
            (
                *FIREWALL,
                "Rules",
                1,
                "Statement",
                "ManagedRuleGroupStatement",
                "RuleActionOverrides",
            ),
            [],
        ),
        (
            versions_can_be_described,
            (*TOKENS, "VersionDescription"),
            {"Fn::Sub": ["${Bucket} " * 4 + "${Hop}", {}]},
        ),
        (
            https_is_demanded,
            (*DISTRIBUTION, "DefaultCacheBehavior", "Fn::If", 2, "ViewerProtocolPolicy"),
            "allow-all",
        ),
        (
            the_table_can_be_had_back,
            ("Resources", "CatalogueTable", "Properties", "DeletionProtectionEnabled"),
            False,
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_fault_is_noticed(
    check: Check, path: tuple[str, ...], value: Any, template: Template
) -> None:
    at(template, path[:-1])[path[-1]] = value
    assert list(check(template))
