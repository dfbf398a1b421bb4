"""The template with one permission, route or variable taken out: at least one probe must fail.

Run by `make stack ARGS=--without`, which prints for each what was taken out and which assertion
failed.
"""

import copy
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.deployment import (
    ARCHITECTURE,
    BUILT,
    CommandError,
    Stack,
    deploy,
    run,
    sam_program,
)
from tests.stack.emulator import ROOT, Emulator
from tests.stack.probes import BEHIND_CLOUDFRONT, Probe
from tests.template_checks import listed

NAME = "without"
PARAMETERS = {"RedirectSeconds": "600", "ThumbJpegQuality": "30"}
"""Values other than the defaults, so that the lack of a variable shows."""

UPLOADS = "templates"
"""The bucket that templates are uploaded to."""

NOT_SET_IN_AWS = {"AWS_ENDPOINT_URL"}
"""Without them the function is the same, and Lambda publishes no version of it again."""

UNNOTICED = {
    "POWERTOOLS_LOG_LEVEL": "Powertools' own default is the parameter's",
    "MALLOC_MMAP_THRESHOLD_": "it saves time alone",
    "MALLOC_TRIM_THRESHOLD_": "it saves time alone",
    "kms:Decrypt": "only a bucket with a KMS key needs it",
    "kms:GenerateDataKey": "only a bucket with a KMS key needs it",
    "logs:CreateLogStream": "the emulator writes logs itself",
    "logs:PutLogEvents": "the emulator writes logs itself",
    "File": "the route $default leads to the same function",
    "s3:DeleteObject": "only a thumb whose original changed meanwhile is deleted",
    "s3:ListBucket": "the emulator answers 404 for a missing key, whoever asks",
    "xray:PutTelemetryRecords": "only tracing needs it",
    "xray:PutTraceSegments": "only tracing needs it",
}
"""What no probe misses, and why."""


def packaged(emulator: Emulator, folder: Path) -> dict[str, Any]:
    """The built template with its code uploaded, so that each change deploys within seconds."""
    target = folder / "packaged.json"
    arguments = (
        "--template-file",
        str(BUILT),
        "--resolve-s3",
        "--output-template-file",
        str(target),
    )
    command = [sam_program(), "package", *arguments, "--use-json"]
    run([*command, "--config-file", str(ROOT / "samconfig.toml")], emulator.environment)
    return json.loads(target.read_text())


def permissions(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action of each role, and the template without it."""
    for role in ("FilesRole", "TokensRole"):
        text = json.dumps(template["Resources"][role])
        for action in sorted(set(re.findall(r'"((?:s3|dynamodb|logs|kms|xray):\w+)"', text))):
            changed = copy.deepcopy(template)
            take_out(changed["Resources"][role], action)
            for function in ("FilesFunction", "TokensFunction"):  # new processes, with empty caches
                changed["Resources"][function]["Properties"]["Description"] = f"without {action}"
            yield f"{role} {action}", changed


def take_out(node: Any, action: str) -> None:
    """Replace an action in all statements below a node by one that allows nothing here."""
    if isinstance(node, dict):
        if "Action" in node:
            kept = [each for each in listed(node["Action"]) if each != action]
            node["Action"] = kept or "ec2:DescribeRegions"
        for value in node.values():
            take_out(value, action)
    elif isinstance(node, list):
        for value in node:
            take_out(value, action)


def routes(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for function in ("FilesFunction", "TokensFunction"):
        for event in template["Resources"][function]["Properties"]["Events"]:
            changed = copy.deepcopy(template)
            del changed["Resources"][function]["Properties"]["Events"][event]
            yield f"route {function} {event}", changed


def variables(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    common = ("Globals", "Function", "Environment", "Variables")
    own = ("Resources", "FilesFunction", "Properties", "Environment", "Variables")
    for path in (common, own):
        for name in sorted(set(at(template, path)) - NOT_SET_IN_AWS):
            changed = copy.deepcopy(template)
            del at(changed, path)[name]
            yield f"variable {name}", changed


def at(template: dict[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        template = template[key]
    return template


def variants(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from permissions(template)
    yield from routes(template)
    yield from variables(template)


def first_failure(stack: Stack, probes: list[Probe]) -> str:
    """The first assertion that fails, in words; empty if none does."""
    for probe in probes:
        try:
            probe(stack)
        except Exception as error:
            return (
                f"{probe.__name__}: {str(error).splitlines()[0][:150] if str(error) else 'assert'}"
            )
    return ""


def is_the_default_anyway(template: dict[str, Any], name: str) -> bool:
    """Whether config.py takes the same value for a variable that is not set
    (tests/test_template.py).
    """
    paths = (
        ("Globals", "Function", "Environment", "Variables"),
        ("Resources", "FilesFunction", "Properties", "Environment", "Variables"),
    )
    values = {key: value for path in paths for key, value in at(template, path).items()}
    value = values.get(name)
    parameter = value.get("Ref") if isinstance(value, dict) else None
    is_left_alone = parameter in template["Parameters"] and parameter not in PARAMETERS
    return isinstance(value, str) or is_left_alone


def update(stack: Stack, template: dict[str, Any]) -> None:
    """Update the stack faster than `sam deploy` does, and wait until it is through."""
    client = stack.emulator.client("cloudformation")
    given = {"Architecture": ARCHITECTURE, **PARAMETERS}
    body = json.dumps(template).encode()  # too long to be sent in the call itself
    stack.emulator.client("s3").put_object(Bucket=UPLOADS, Key="template.json", Body=body)
    client.update_stack(
        StackName=stack.name,
        TemplateURL=f"{stack.emulator.endpoint}/{UPLOADS}/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": given[key]} for key in given],
    )
    while (status := stack.description["StackStatus"]).endswith("IN_PROGRESS"):
        time.sleep(0.1)
    if status != "UPDATE_COMPLETE":
        events = client.describe_stack_events(StackName=stack.name)["StackEvents"]
        reasons = [each.get("ResourceStatusReason", "") for each in events]
        raise CommandError(next(filter(None, reasons), status))


def test_whatever_is_taken_out_is_missed(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.client("s3").create_bucket(Bucket=UPLOADS)
    stack = deploy(emulator, NAME, PARAMETERS)
    stack.import_demo()
    assert first_failure(stack, BEHIND_CLOUDFRONT) == ""
    unexpected = []
    whole = packaged(emulator, tmp_path)
    for what, template in variants(whole):
        try:
            update(stack, template)
            failure = first_failure(stack, BEHIND_CLOUDFRONT)
        except Exception as error:
            failure = f"it cannot be deployed: {str(error).splitlines()[-1][:150]}"
        name = what.split()[-1]
        reason = UNNOTICED.get(name) or (
            "config.py has the same default" if is_the_default_anyway(whole, name) else ""
        )
        with capsys.disabled():
            print(f"without {what:44}{failure or f'not missed: {reason}'}")
        if not failure and not reason:
            unexpected.append(what)
    update(stack, whole)
    assert first_failure(stack, BEHIND_CLOUDFRONT) == ""
    stack.delete()
    assert unexpected == []
