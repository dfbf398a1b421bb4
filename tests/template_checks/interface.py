"""What whoever deploys sees: parameters, outputs, and the contents of the file."""

import re
from collections.abc import Iterator

from tests.conftest import ROOT
from tests.template_checks.reading import Template


def parameters_are_explained_and_bounded(template: Template) -> Iterator[str]:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    if sorted(grouped) != sorted(template["Parameters"]) or set(grouped) != set(
        interface["ParameterLabels"]
    ):
        yield "the interface does not list every parameter once"
    documented = (ROOT / "docs/production.md").read_text()
    for name, parameter in template["Parameters"].items():
        default = "(empty)" if parameter.get("Default") in {None, ""} else parameter["Default"]
        description = parameter.get("Description", "").rstrip(".")
        if f"| `{name}` | {default} | {description} |" not in documented:
            yield f"{name} with its default and description is not in docs/production.md"
        if not parameter.get("Description", "").endswith("."):
            yield f"{name} has no description"
        if "Default" not in parameter:
            yield f"{name} has no default"
        if not {"AllowedPattern", "AllowedValues", "MinValue"} & parameter.keys():
            yield f"{name} takes anything"


def outputs_tell_the_url(template: Template) -> Iterator[str]:
    outputs = template.get("Outputs", {})
    url = str(outputs.get("Url", {}).get("Value"))
    for host in (
        "${CdnDomainName}",
        "${CdnDistribution.DomainName}",
        "${Api}.execute-api.${AWS::Region}",
    ):
        if f"https://{host}" not in url:
            yield f"no output gives the URL at {host}"
    yield from (f"no output {name}" for name in ("BucketName", "TableName") if name not in outputs)
    yield from (
        f"{name} has no description"
        for name, output in outputs.items()
        if "Description" not in output
    )


def the_contents_are_complete(template: Template) -> Iterator[str]:
    """The comment above Resources names every resource, in the order of the file."""
    comment = (ROOT / "template.yaml").read_text().split("# Contents,")[1].split("Resources:")[0]
    named = [
        word for word in re.findall(r"\b[A-Za-z]+\b", comment) if word in template["Resources"]
    ]
    if named != list(template["Resources"]):
        yield "the table of contents is not the order of the resources"
