"""What speaks against the template's parameters of a stage.

`sam deploy` leaves out a parameter that the template does not have, without a word. CloudFormation
refuses a wrong value only when everything has been built, and AWS some only when half of the stack
has been made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from admin.standalone.misspelling import hint
from deploy.findings import Finding
from deploy.samconfig import ROOT, Stage
from local.intrinsics import Resolver, TemplateError, load
from local.parameters import check

CONFIGURE = "correct it in samconfig.toml or in ARGS; docs/production.md has the parameters"
HEARTBEAT_SECONDS = 60
"""How often a watch writes that it lives."""

CACHE_POLICY_QUERIES = 10
"""Most query parameters of one cache policy (CloudFront's quotas)."""

FORWARDED = ("thumb", "token", "download")
"""Query parameters that the functions read."""

SHIELD_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "me-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
"""Regions with Origin Shield, by CloudFront's developer guide."""


@dataclass(frozen=True)
class Need:
    """A parameter that does nothing while another one has a certain value."""

    name: str
    other: str
    idle: str
    """The other parameter's value without which this one counts."""


NEEDS = (
    Need("ExistingBucketRegion", "ExistingBucket", ""),
    Need("BucketKmsKeyArn", "ExistingBucket", ""),
    Need("SyncAlarmSeconds", "AlarmTopicArn", ""),
    Need("TrustedProxies", "Cdn", "yes"),
    Need("CdnDomainName", "Cdn", "no"),
    Need("PocketBaseOrigin", "Cdn", "no"),
    Need("CdnLogBucketArn", "Cdn", "no"),
    Need("CdnShieldRegion", "Cdn", "no"),
    Need("Firewall", "Cdn", "no"),
    Need("CdnCertificateArn", "CdnDomainName", ""),
)


def check_parameters(stage: Stage, region: str) -> Iterator[Finding]:
    """Everything that speaks against the parameters of a stage in a region."""
    for text in stage.unread_parameters:
        if text.startswith("file://"):
            yield Finding(f"the parameters in {text} are not checked", CONFIGURE, fatal=False)
        else:
            yield Finding(f"{text!r} among the parameters is no NAME=VALUE", CONFIGURE)
    template = load((ROOT / "template.yaml").read_text())
    wrong = list(_wrong_values(template["Parameters"], stage.parameters))
    yield from wrong
    if not wrong:
        values = {
            name: stage.effective.get(name, str(each["Default"]))
            for name, each in template["Parameters"].items()
        }
        yield from _broken_rules(template, values)
        yield from _limits_of_cloudfront(values)
        yield from _other_regions(values, region)
        yield from _no_addresses(values["TrustedProxies"])
        yield from _without_effect(template["Parameters"], values)
        yield from _too_small(values)


def _wrong_values(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> Iterator[Finding]:
    for name, value in given.items():
        try:
            check(declared, {name: value})
        except TemplateError as error:
            meant = "" if name in declared else hint(name, declared)
            yield Finding(f"{error}{meant}", CONFIGURE)


def _broken_rules(template: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Finding]:
    """The rules of the template that do not hold. Those about regions are checked elsewhere."""
    resolver = Resolver(template, values)
    for rule in template["Rules"].values():
        if resolver.resolve(rule["RuleCondition"]):
            for each in rule["Assertions"]:
                if not resolver.resolve(each["Assert"]):
                    yield Finding(each["AssertDescription"], CONFIGURE)


def _limits_of_cloudfront(values: Mapping[str, str]) -> Iterator[Finding]:
    names = values["CdnQueryParameters"].split(",")
    if len(names) > CACHE_POLICY_QUERIES:
        yield Finding(
            f"CdnQueryParameters has {len(names)} names, and CloudFront allows "
            f"{CACHE_POLICY_QUERIES}",
            CONFIGURE,
        )
    missing = ", ".join(name for name in FORWARDED if name not in names)
    if missing:
        yield Finding(
            f"CdnQueryParameters lacks {missing}, so CloudFront does not forward it",
            "the value replaces the default: add your names to thumb,token,download",
            fatal=False,
        )
    shield = values["CdnShieldRegion"]
    if shield and shield not in SHIELD_REGIONS:
        yield Finding(
            f"CloudFront may have no Origin Shield in {shield}",
            f"it is known to have it in {', '.join(sorted(SHIELD_REGIONS))}",
            fatal=False,
        )


def _other_regions(values: Mapping[str, str], region: str) -> Iterator[Finding]:
    """ARNs of another region than the one in which AWS needs them."""
    topic = values["AlarmTopicArn"]
    if topic and _region_of(topic) != region:
        yield Finding(
            f"AlarmTopicArn is in {_region_of(topic)}, and alarms in {region} cannot notify it",
            f"create a topic in {region}",
        )
    key = values["BucketKmsKeyArn"]
    of_bucket = values["ExistingBucketRegion"] or region
    if key and _region_of(key) != of_bucket:
        yield Finding(
            f"BucketKmsKeyArn is in {_region_of(key)}, and no bucket in {of_bucket} uses it",
            "give the key that the bucket names, and ExistingBucketRegion",
            fatal=False,
        )


def _no_addresses(proxies: str) -> Iterator[Finding]:
    for each in filter(None, proxies.split(",")):
        try:
            ip_network(each, strict=False)
        except ValueError:
            yield Finding(
                f"TrustedProxies has {each!r}, which is neither an IP address nor a CIDR block",
                CONFIGURE,
            )


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _without_effect(
    declared: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]
) -> Iterator[Finding]:
    for need in NEEDS:
        is_set = values[need.name] != str(declared[need.name]["Default"])
        if is_set and values[need.other] == need.idle:
            shown = need.idle or "empty"
            yield Finding(
                f"{need.name} has no effect while {need.other} is {shown}", CONFIGURE, fatal=False
            )


def _too_small(values: Mapping[str, str]) -> Iterator[Finding]:
    """Numbers that are allowed and hardly meant."""
    if int(values["ReservedConcurrency"]) == 0:
        yield Finding(
            "with ReservedConcurrency=0 Lambda never runs the files function",
            "set it to -1 to reserve nothing",
            fatal=False,
        )
    for name in ("MaxSyncAgeSeconds", "SyncAlarmSeconds"):
        if 0 < int(values[name]) <= HEARTBEAT_SECONDS:
            yield Finding(
                f"{name} is {values[name]}, and a watch shows every {HEARTBEAT_SECONDS} "
                "seconds that it lives",
                "set it to at least twice as long, or to 0",
                fatal=False,
            )
