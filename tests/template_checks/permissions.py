"""What the functions may do, no less and no more, and where they log."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

from tests.conftest import ROOT
from tests.template_checks.reading import (
    Template,
    allowed,
    functions,
    listed,
    of_type,
    resource_text,
    statements,
)

FUNCTIONS = ROOT / "functions"

STAR_AND_WHY = {
    ("ReadFiles", "arn:${AWS::Partition}:s3:::${Bucket}/*"): "every file may be asked for",
    (
        "WriteThumbs",
        "arn:${AWS::Partition}:s3:::${Bucket}/*/*/thumbs_*/*",
    ): "thumbs lie in a folder beside each file",
    ("Trace", "*"): "X-Ray supports no narrower resource",
}
"""Statements by Sid whose resource may contain a wildcard."""

AUDIT_LOGS = {"FilesFunction": ["AuditLogGroup"]}
"""The log groups that a function writes to besides its own."""

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

BUCKET_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}

TOKENS_NEED = {"dynamodb:GetItem", "dynamodb:Query"}  # the catalogue, and the record that asks


def called(module: str, service: str) -> set[str]:
    """The permissions for every operation of an AWS service that a module names."""
    operations = Loader().load_service_model(service, "service-2")["operations"]
    actions = {xform_name(operation): f"{service}:{operation}" for operation in operations}
    actions |= {"head_object": "s3:GetObject", "head_bucket": "s3:ListBucket"}  # those have no own
    names = set()
    for node in ast.walk(ast.parse((FUNCTIONS / module).read_text())):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return {actions[name] for name in names & set(actions)}


def functions_may_do_what_they_do(template: Template) -> Iterator[str]:
    calls = called("pocketfiles/storage.py", "s3") | called(
        "pocketfiles/catalogue/table.py", "dynamodb"
    )
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    needs = {
        "FilesFunction": (
            "FilesRole",
            calls | {"s3:ListBucket"} | logs | TRACES | BUCKET_KEY,
        ),  # ListBucket: 404 for a missing key
        "TokensFunction": ("TokensRole", TOKENS_NEED | logs | TRACES),
    }
    for name, (role, actions) in needs.items():
        if functions(template)[name].get("Role") != {"Fn::GetAtt": [role, "Arn"]}:
            yield f"{name} has not its own role"
        has = allowed(template, role)
        yield from (f"{role} lacks {action}" for action in sorted(actions - has))
        yield from (f"{role} has {action} for nothing" for action in sorted(has - actions))


def nothing_is_allowed_at_large(template: Template) -> Iterator[str]:
    roles = of_type(template, "AWS::IAM::Role")
    for owner in roles | of_type(template, "AWS::IAM::Policy"):
        for statement in statements(template, owner):
            yield from (f"{owner}: {fault}" for fault in at_large(statement))
    for role, body in roles.items():
        if body["Properties"].get("ManagedPolicyArns"):
            yield f"{role} has policies that others wrote"


def at_large(statement: Mapping[str, Any]) -> Iterator[str]:
    """What a statement gives beyond named actions on named resources."""
    if set(statement) - {"Sid"} != {"Effect", "Action", "Resource"}:
        yield "a statement by exclusion or on a condition"
        return
    resources = [resource_text(each) for each in listed(statement["Resource"])]
    actions = listed(statement["Action"])
    yield from (f"the action {each}" for each in actions if "*" in each)
    for resource in resources:
        if "*" in resource and (statement.get("Sid"), resource) not in STAR_AND_WHY:
            yield f"the resource {resource}"
    writes = {"s3:PutObject", "s3:DeleteObject"} & set(actions)
    if writes and not all(each.endswith("/*/*/thumbs_*/*") for each in resources):
        yield "writes more than thumbs"


def logs_are_narrow_and_end(template: Template) -> Iterator[str]:
    for name, function in functions(template).items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if group not in template["Resources"]:
            yield f"{name} has no log group of its own"
        writes = [
            s for s in statements(template, function["Role"]["Fn::GetAtt"][0]) if "logs:" in str(s)
        ]
        groups = [group, *AUDIT_LOGS.get(name, [])]
        if [resource_text(each["Resource"]) for each in writes] != [f"{one}.Arn" for one in groups]:
            yield f"{name} may write to other logs than {', '.join(groups)}"
    for name, body in of_type(template, "AWS::Logs::LogGroup").items():
        if "RetentionInDays" not in body["Properties"]:
            yield f"{name} is kept for ever"
    written = template["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    if re.search(r"(?i)query|authoriz|requestOverride|\.header", written):
        yield "the access log may hold a token"
