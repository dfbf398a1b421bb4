"""What template.yaml declares, as far as the runner needs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.intrinsics import Resolver, TemplateError, load
from local.parameters import check as check_parameters

DEFAULT_ROUTE = "$default"
LOCAL_PARAMETERS = {"Cdn": "no"}
"""Parameters that differ from their default: the runner emulates none of the template's CDN."""

NO_PARAMETERS: Mapping[str, str] = {}

DEFAULT_MEMORY_MB = 128
DEFAULT_TIMEOUT_SECONDS = 3
_TABLE_KEYS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


@dataclass(frozen=True)
class Function:
    """A Lambda function. ``handler`` is an import string such as ``files.app.handler``."""

    name: str
    handler: str
    memory: int  # MB
    timeout: float  # seconds
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API. ``key`` is API Gateway's: ``GET /a/{b}`` or ``$default``."""

    key: str
    function: str


@dataclass(frozen=True)
class Table:
    """A DynamoDB table. ``definition`` holds CreateTable's other arguments."""

    name: str
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """The resources of a template that the local runner emulates."""

    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    buckets: tuple[str, ...]
    tables: tuple[Table, ...]

    def environment(self) -> dict[str, str]:
        """Return all functions' variables in one environment, since they share a process here.

        Raises ``TemplateError`` when a variable differs between two functions.
        """
        merged: dict[str, str] = {}
        for function in self.functions.values():
            for name, value in function.environment.items():
                if merged.setdefault(name, value) != value:
                    raise TemplateError(
                        f"{name} differs between functions; here they share one process"
                    )
        return merged


def parse(text: str, parameters: Mapping[str, str] = NO_PARAMETERS) -> Template:
    """Read a template from its YAML text, with values for some of its parameters.

    Raises ``TemplateError``.
    """
    document = load(text)
    check_parameters(document.get("Parameters") or {}, parameters)
    resolver = Resolver(document, {**parameters, **LOCAL_PARAMETERS})
    common = _section(document.get("Globals"), "Function")
    functions: dict[str, Function] = {}
    routes: list[Route] = []
    buckets: list[str] = []
    tables: list[Table] = []
    for logical_id, resource in document["Resources"].items():
        if not resolver.exists(logical_id):
            continue
        properties = resource.get("Properties") or {}
        match resource.get("Type"):
            case "AWS::Serverless::Function":
                functions[logical_id] = _function(logical_id, common, properties, resolver)
                routes.extend(_routes(logical_id, _section(properties, "Events")))
            case "AWS::S3::Bucket":
                buckets.append(resolver.local_name(logical_id))
            case "AWS::DynamoDB::Table":
                given = {
                    key: resolver.resolve(properties[key])
                    for key in _TABLE_KEYS
                    if key in properties
                }
                tables.append(Table(resolver.local_name(logical_id), given))
    return Template(functions, tuple(routes), tuple(buckets), tuple(tables))


def _section(parent: Any, name: str) -> Mapping[str, Any]:
    return (parent or {}).get(name) or {}


def _function(
    name: str, common: Mapping[str, Any], own: Mapping[str, Any], resolver: Resolver
) -> Function:
    def given(key: str, default: Any = None) -> Any:
        value = resolver.resolve(own.get(key, common.get(key, default)))
        if value is None:
            raise TemplateError(f"{name} has no {key}")
        return value

    variables = {
        **_section(common.get("Environment"), "Variables"),
        **_section(own.get("Environment"), "Variables"),
    }
    return Function(
        name=name,
        handler=given("Handler"),
        memory=int(given("MemorySize", DEFAULT_MEMORY_MB)),
        timeout=float(given("Timeout", DEFAULT_TIMEOUT_SECONDS)),
        environment={key: str(value) for key, value in resolver.resolve(variables).items()},
    )


def _routes(function: str, events: Mapping[str, Any]) -> Iterator[Route]:
    """The function's routes: its HTTP API events. One without path and method is ``$default``."""
    for event in events.values():
        if event["Type"] == "HttpApi":
            properties = event.get("Properties") or {}
            method = properties.get("Method")
            path = properties.get("Path")
            if method is None and path is None:
                yield Route(DEFAULT_ROUTE, function)
            elif method is None or path is None:
                raise TemplateError(f"{function} has a route with only one of Method and Path")
            else:
                yield Route(f"{method.upper()} {path}", function)
