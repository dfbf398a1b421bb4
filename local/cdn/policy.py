"""The template's cache policy: what is in the cache's key, and how long an object is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.intrinsics import Resolver, load
from local.template import NO_PARAMETERS

WITH_CLOUDFRONT = {"Cdn": "yes", "CdnDirect": "yes"}


@dataclass(frozen=True)
class Policy:
    """``headers`` are lower-case names; ``default_ttl`` is in seconds."""

    headers: tuple[str, ...]
    parameters: frozenset[str]
    default_ttl: float


def read(template: str, parameters: Mapping[str, str] = NO_PARAMETERS) -> Policy:
    """The policy that the template gives the files behaviour, with values for some parameters.

    Raises ``TemplateError``.
    """
    document = load(template)
    resolver = Resolver(document, {**parameters, **WITH_CLOUDFRONT})
    properties = document["Resources"]["CdnCachePolicy"]["Properties"]
    policy: Mapping[str, Any] = resolver.resolve(properties)["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    parameters = key["QueryStringsConfig"]["QueryStrings"]
    if isinstance(parameters, str):  # a CommaDelimitedList
        parameters = parameters.split(",")
    return Policy(
        headers=tuple(name.lower() for name in key["HeadersConfig"]["Headers"]),
        parameters=frozenset(parameters),
        default_ttl=float(policy["DefaultTTL"]),
    )
