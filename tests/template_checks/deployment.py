"""Building, naming and publishing a stack, and its alarms."""

import re
from collections.abc import Iterator
from typing import Any

from tests.conftest import ROOT
from tests.template_checks.reading import (
    Template,
    functions,
    listed,
    of_type,
    resource_text,
)

VERSION_DESCRIPTION_LENGTH = 256

BUCKET_NAME_LENGTH = 63

ORIGIN_SECRET_VERSION_LENGTH = 64


def builds_are_possible(template: Template) -> Iterator[str]:
    architectures = template["Parameters"]["Architecture"]["AllowedValues"]
    rules = (ROOT / "layers/Makefile").read_text()
    targets = {
        word for line in re.findall(r"^(build-.*):$", rules, re.MULTILINE) for word in line.split()
    }
    made = of_type(template, "AWS::Serverless::Function") | of_type(
        template, "AWS::Serverless::LayerVersion"
    )
    for name, body in made.items():
        if (
            body.get("Metadata", {}).get("BuildMethod") != "makefile"
            or f"build-{name}" not in targets
        ):
            yield f"{name} has no way to be built"
        context = body["Metadata"]["ContextPath"]
        for architecture in architectures:
            folder = resource_text(context).replace("${Architecture}", architecture)
            if not (ROOT / folder / "Makefile").is_file():
                yield f"{name} cannot be built for {architecture}"
    if {"Ref": "PillowLayer"} in functions(template)["TokensFunction"]["Layers"]:
        yield "the tokens function carries Pillow"


def names_are_the_stacks_own(template: Template) -> Iterator[str]:
    """Two stacks in one account and region must not share a name; one stack may exist in many
    regions.
    """
    for name, body in template["Resources"].items():
        for key, value in body["Properties"].items():
            if isinstance(value, dict) and value.get("Ref") in template["Resources"]:
                continue  # named by CloudFormation, or checked where it is named
            if key in {"Name", "LayerName", "LogGroupName", "DashboardName", "BudgetName"} and not (
                "AWS::StackName" in str(value) or "AWS::StackId" in str(value)
            ):
                yield f"{name} has a name that another stack may have"
    for name, body in of_type(template, "AWS::Serverless::LayerVersion").items():
        if "LayerName" not in body["Properties"]:
            yield f"{name} has a name that another stack may have"


def every_change_is_published(template: Template) -> Iterator[str]:
    """The API calls a published version, and SAM publishes none for a parameter's new value."""
    for name, layer in of_type(template, "AWS::Serverless::LayerVersion").items():
        if layer["Properties"].get("PublishLambdaVersion") is not True:
            yield f"a change of {name} is not published"
    for name, function in functions(template).items():
        if function.get("AutoPublishAliasAllProperties") is not True:
            yield f"changes of {name} are not published"
        version = function.get("VersionDescription", {})
        unversioned = (
            "DeploymentPreference",
            "Events",
            "Metadata",
            "ReservedConcurrentExecutions",
            "VersionDescription",
        )
        needs = parameters_of(template, {k: v for k, v in function.items() if k not in unversioned})
        yield from (
            f"a change of {each} is not published by {name}"
            for each in sorted(needs - parameters_of(template, version))
        )


def versions_can_be_described(template: Template) -> Iterator[str]:
    """The longest values of all parameters fit into Lambda's description of a version."""
    longest = {"Bucket": BUCKET_NAME_LENGTH, "Hop": ORIGIN_SECRET_VERSION_LENGTH}
    for name, parameter in template["Parameters"].items():
        values = parameter.get("AllowedValues", [parameter.get("MaxValue", "")])
        longest[name] = max(len(str(value)) for value in values)
    for name, function in functions(template).items():
        text = function["VersionDescription"]["Fn::Sub"][0]
        names = re.findall(r"\$\{(\w+)\}", text)
        length = len(re.sub(r"\$\{\w+\}", "", text)) + sum(longest[each] for each in names)
        if length > VERSION_DESCRIPTION_LENGTH:
            yield f"a version of {name} may have a description of {length} characters"


def parameters_of(template: Template, node: Any) -> set[str]:
    """The parameters that a value depends on, through conditions too."""
    names: set[str] = set()
    parts: list[Any] = []
    match node:
        case {"Ref": name}:
            names = {name}
        case {"Condition": name}:
            parts = [template["Conditions"][name]]
        case {"Fn::If": [name, *branches]}:
            parts = [{"Condition": name}, *branches]
        case {"Fn::Sub": text}:
            names = set(re.findall(r"\$\{(\w+)\}", str(text)))
            parts = listed(text)
        case dict():
            parts = list(node.values())
        case list():
            parts = node
    return (names & set(template["Parameters"])).union(
        *(parameters_of(template, each) for each in parts)
    )


def alarms_stop(template: Template) -> Iterator[str]:
    """Alarms on DynamoDB's metrics ignore missing data, and FILL fills nothing where there never
    was
    any.
    """
    for name, body in of_type(template, "AWS::CloudWatch::Alarm").items():
        properties = body["Properties"]
        if "AWS/DynamoDB" in str(properties) or "FILL(" in str(properties):
            yield f"{name} may ring for ever"
        if properties.get("TreatMissingData") != "notBreaching":
            yield f"{name} does not stop without requests"
        if not properties.get("AlarmActions") or not properties.get("OKActions"):
            yield f"{name} tells nobody"
