"""Reads a parsed template: its functions, their roles and what these allow."""

from collections.abc import Callable, Iterator
from typing import Any

from local.intrinsics import Resolver

Template = dict[str, Any]

Check = Callable[[Template], Iterator[str]]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}


def functions(template: Template) -> dict[str, Any]:
    """Each function's properties, the common ones included."""
    common = template["Globals"]["Function"]
    merged = {}
    for name, body in of_type(template, "AWS::Serverless::Function").items():
        own = body["Properties"]
        variables = {
            part: value
            for source in (common, own)
            for part, value in source.get("Environment", {}).get("Variables", {}).items()
        }
        merged[name] = {**common, **own, "Environment": variables}
    return merged


def environment(template: Template, function: str) -> dict[str, str]:
    """A function's variables as a deployment with every default has them."""
    values = Resolver(template).resolve(functions(template)[function]["Environment"])
    return {name: str(value) for name, value in values.items()}


def statements(template: Template, owner: str) -> list[dict[str, Any]]:
    """What a role, or a policy of its own, states."""
    properties = template["Resources"][owner]["Properties"]
    given = branches(properties.get("Policies", []))
    policies = [properties] if "PolicyDocument" in properties else given
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def branches(value: Any) -> list[Any]:
    """All that a list holds under some condition: the branches of each ``!If`` in it, but no
    ``NoValue``.
    """
    found = []
    for each in listed(value):
        match each:
            case {"Fn::If": [_, *alternatives]}:
                found += [inner for branch in alternatives for inner in branches(branch)]
            case {"Ref": "AWS::NoValue"}:
                pass
            case _:
                found.append(each)
    return found


def allowed(template: Template, role: str) -> set[str]:
    return {
        action for statement in statements(template, role) for action in listed(statement["Action"])
    }


def resource_text(resource: Any) -> str:
    """A statement's resource as it is written: the text of a !Sub, or ``Name.Arn``."""
    match resource:
        case {"Fn::Sub": [text, _]} | {"Fn::Sub": text}:
            return str(text)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
    return str(resource)
