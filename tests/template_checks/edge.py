"""CloudFront: its caches, its origins and its firewall."""

from collections.abc import Iterator
from typing import Any

from pocketfiles import origin
from tests.template_checks.reading import Template, branches

BLOCKS_UPLOADS = {
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",
}
"""Rules of AWS's common rule set that block uploads to PocketBase behind the distribution."""

BLOCKS_FILE_REQUESTS = {
    "GenericLFI_URIPATH",
    "GenericRFI_QUERYARGUMENTS",
    "NoUserAgent_HEADER",
    "RestrictedExtensions_URIPATH",
    "SizeRestrictions_QUERYSTRING",
}
"""Rules of AWS's common rule set that block requests for files."""


def the_edge_keeps_no_secret(template: Template) -> Iterator[str]:
    resources = template["Resources"]
    distribution = _distribution(template)
    yield from _kept_for_everyone(template)
    policies = {}
    for each in branches(distribution["CacheBehaviors"]):
        policies[each["PathPattern"]] = each["CachePolicyId"]
    tokens = resources["CdnTokenPolicy"]["Properties"]["CachePolicyConfig"]
    lifetimes = (tokens["MinTTL"], tokens["DefaultTTL"], tokens["MaxTTL"])
    has_token_policy = policies.get("/api/files/token") == {"Ref": "CdnTokenPolicy"}
    if not has_token_policy or lifetimes != (0, 0, 1):
        yield "file tokens are cached"
    if not _tells_addresses(template):
        yield "the functions do not learn the client's address, or take a client's word for it"
    if any(each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]):
        yield "errors are cached"
    logged = resources["CdnLogDelivery"]["Properties"]["RecordFields"]
    if {"cs-uri-query", "cs(Referer)", "cs(Cookie)"} & set(logged):
        yield "CloudFront's log holds tokens"


def _distribution(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]["CdnDistribution"]["Properties"]
    config: dict[str, Any] = found["DistributionConfig"]
    return config


def _behaviours(template: Template) -> list[Any]:
    """All cache behaviours, the default one first."""
    distribution = _distribution(template)
    return branches([distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]])


def _kept_for_everyone(template: Template) -> Iterator[str]:
    policy = template["Resources"]["CdnCachePolicy"]["Properties"]["CachePolicyConfig"]
    if policy["MinTTL"] != 0:
        yield "CloudFront keeps what is private"
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    names = template["Parameters"]["CdnQueryParameters"]["Default"].split(",")
    is_by_parameter = key["QueryStringsConfig"]["QueryStrings"] == {"Ref": "CdnQueryParameters"}
    if not is_by_parameter or "token" not in names:
        yield "a file is kept for everyone whatever the token"


def _tells_addresses(template: Template) -> bool:
    """Whether every behaviour for the functions sends them CloudFront's word for the address."""
    policy = template["Resources"]["CdnRequestPolicy"]["Properties"]["OriginRequestPolicyConfig"]
    names = [name.lower() for name in policy["HeadersConfig"]["Headers"]]
    if origin.ADDRESS_HEADER not in names:
        return False
    ours = [each for each in _behaviours(template) if each["TargetOriginId"] != "pocketbase"]
    return all(each["OriginRequestPolicyId"] == {"Ref": "CdnRequestPolicy"} for each in ours)


def the_api_alone_learns_the_secret(template: Template) -> Iterator[str]:
    for each in branches(_distribution(template)["Origins"]):
        sent = [header["HeaderName"] for header in each.get("OriginCustomHeaders", [])]
        is_api = "${Api}" in str(each.get("DomainName"))
        if not each or (origin.HEADER in sent) != is_api:
            yield "the API does not learn the secret, or another origin does"


def https_is_demanded(template: Template) -> Iterator[str]:
    for each in _behaviours(template):
        path = each.get("PathPattern", "the default")
        only = path == "/api/files/token" or each["TargetOriginId"] == "pocketbase"
        policy = "https-only" if only else "redirect-to-https"
        if each["ViewerProtocolPolicy"] != policy:
            yield f"{path} may be asked for over HTTP"
        if each["TargetOriginId"] == "api" and each.get("ResponseHeadersPolicyId") != {
            "Ref": "CdnHeadersPolicy"
        }:
            yield f"{path} does not tell browsers to use HTTPS"


def the_firewall_lets_a_file_server_work(template: Template) -> Iterator[str]:
    rules = template["Resources"]["CdnFirewall"]["Properties"]["Rules"]
    counted = set()
    for rule in rules:
        group = rule["Statement"].get("ManagedRuleGroupStatement", {})
        for override in group.get("RuleActionOverrides", []):
            if override["ActionToUse"] == {"Count": {}}:
                counted.add(override["Name"])
    for name in sorted((BLOCKS_FILE_REQUESTS | BLOCKS_UPLOADS) - counted):
        yield f"the firewall blocks by {name}"
    limits = [rule["Statement"].get("RateBasedStatement", {}).get("Limit") for rule in rules]
    if {"Ref": "FirewallRateLimit"} not in limits:
        yield "the firewall's rate limit is no parameter"
