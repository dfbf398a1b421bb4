"""The recipe of a distribution of one's own says what the stack's template says."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.intrinsics import Resolver, load
from tests.conftest import ROOT
from tests.recipes.conftest import RECIPES

STACK = load((ROOT / "template.yaml").read_text())
RECIPE = load((RECIPES / "distribution.yaml").read_text())
WITHOUT_EDGE = {"Cdn": "yes", "CdnDirect": "no", "PocketBaseOrigin": "pb.test"}
GIVEN = {
    "ApiDomain": "Api.execute-api.us-east-1.amazonaws.com",
    "PocketBaseDomain": "pb.test",
    "OriginSecretArn": "OriginSecret",
    "DomainName": "app.test",
    "CertificateArn": "arn",
}
SAME_POLICY = {
    "CdnCachePolicy": "FilesCachePolicy",
    "CdnTokenPolicy": "TokenCachePolicy",
    "CdnRequestPolicy": "RequestPolicy",
    "CdnHeadersPolicy": "HeadersPolicy",
}


def properties(document: Mapping[str, Any], given: Mapping[str, str], name: str) -> Any:
    return Resolver(document, given).resolve(document["Resources"][name]["Properties"])


def renamed(node: Any) -> Any:
    """The stack's terms in the recipe's names."""
    if isinstance(node, dict):
        return {key: renamed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [renamed(item) for item in node]
    return SAME_POLICY.get(node, node) if isinstance(node, str) else node


@pytest.mark.parametrize(
    "part", ["DefaultCacheBehavior", "CacheBehaviors", "CustomErrorResponses", "HttpVersion"]
)
def test_it_routes_and_caches_as_the_stacks_own_without_edge_functions(part: str) -> None:
    stack = properties(STACK, WITHOUT_EDGE, "CdnDistribution")["DistributionConfig"]
    recipe = properties(RECIPE, GIVEN, "Distribution")["DistributionConfig"]
    assert recipe[part] == renamed(stack[part])


def test_its_origins_are_the_stacks_with_the_same_secret() -> None:
    stack = properties(STACK, WITHOUT_EDGE, "CdnDistribution")["DistributionConfig"]["Origins"]
    recipe = properties(RECIPE, GIVEN, "Distribution")["DistributionConfig"]["Origins"]
    for origin in stack:
        origin.pop("OriginShield", None)
    secret = stack[0]["OriginCustomHeaders"][0]
    secret["HeaderValue"] = secret["HeaderValue"].replace(":current::}}", ":current}}")
    assert recipe == stack


@pytest.mark.parametrize(("ours", "theirs"), SAME_POLICY.items())
def test_its_policies_are_the_stacks_but_for_the_longest_time(ours: str, theirs: str) -> None:
    (stack,) = properties(STACK, WITHOUT_EDGE, ours).values()
    (recipe,) = properties(RECIPE, GIVEN, theirs).values()
    parameters = "ParametersInCacheKeyAndForwardedToOrigin"
    if ours == "CdnCachePolicy":
        assert recipe["MaxTTL"] == 600
        strings = stack[parameters]["QueryStringsConfig"]
        strings["QueryStrings"] = strings["QueryStrings"].split(",")
    different = {"Name"} | ({"MaxTTL"} if ours == "CdnCachePolicy" else set())
    assert without(recipe, different) == without(stack, different)


def without(config: Mapping[str, Any], names: set[str]) -> Mapping[str, Any]:
    return {name: value for name, value in config.items() if name not in names}
