"""Permissions, routes and variables that can be taken out of a deployed stack and put back.

What there is to take out is read off the built template, so that nothing new is forgotten. It is
taken out by the call that an update of the stack would make: a whole update for each would take an
hour.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from local.intrinsics import load
from tests.stack.deployment import BUILT, Stack
from tests.template_checks.reading import listed

FUNCTIONS = {"FilesRole": "FilesFunction", "TokensRole": "TokensFunction"}
"""The function of each role."""

Removal = tuple[str, Callable[[], AbstractContextManager[None]]]
"""What is taken out, and what takes it out for as long as a ``with`` lasts."""


class Workbench:
    """Takes things out of a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        client = stack.emulator.client
        self._iam, self._api, self._lambda = client("iam"), client("apigatewayv2"), client("lambda")
        self.template = load(BUILT.read_text())

    def removals(self) -> Iterator[Removal]:
        """Everything that the functions need, by the template."""
        for role in FUNCTIONS:
            for action in self._actions(role):
                yield f"{role} {action}", lambda r=role, a=action: self.without_action(r, a)
        for function in FUNCTIONS.values():
            for event, route in self._routes(function).items():
                yield f"route {function} {event}", lambda key=route: self.without_route(key)
        for name in self._variables():
            yield f"variable {name}", lambda n=name: self.without_variable(n)

    def _actions(self, role: str) -> list[str]:
        found: set[str] = set()
        _collect_actions(self.template["Resources"][role]["Properties"]["Policies"], found)
        return sorted(found)

    def _routes(self, function: str) -> dict[str, str]:
        events = self.template["Resources"][function]["Properties"]["Events"]
        return {name: _route_key(event["Properties"]) for name, event in events.items()}

    def _variables(self) -> list[str]:
        own = self.template["Resources"]["FilesFunction"]["Properties"]
        settings = (self.template["Globals"]["Function"], own)
        names = {name for each in settings for name in each["Environment"]["Variables"]}
        return sorted(names - {"AWS_ENDPOINT_URL"})  # it exists under `sam local` alone

    @contextmanager
    def without_action(self, role: str, action: str) -> Iterator[None]:
        name = self._stack.resources[role]
        policies = self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        before = {each: self._policy(name, each) for each in policies}
        for policy, document in before.items():
            kept = [
                {
                    **statement,
                    "Action": [each for each in listed(statement["Action"]) if each != action],
                }
                for statement in document["Statement"]
            ]
            left = [statement for statement in kept if statement["Action"]]
            if left:
                self._put_policy(name, policy, {**document, "Statement": left})
            else:
                self._iam.delete_role_policy(RoleName=name, PolicyName=policy)
        self._restart(FUNCTIONS[role])
        yield
        for policy, document in before.items():
            self._put_policy(name, policy, document)
        self._restart(FUNCTIONS[role])

    @contextmanager
    def without_bucket_statement(self, sid: str) -> Iterator[None]:
        client, bucket = self._stack.emulator.client("s3"), self._stack.bucket
        before = client.get_bucket_policy(Bucket=bucket)["Policy"]
        document = json.loads(before)
        kept = [each for each in document["Statement"] if each["Sid"] != sid]
        changed = json.dumps({**document, "Statement": kept})
        client.put_bucket_policy(Bucket=bucket, Policy=changed)
        yield
        client.put_bucket_policy(Bucket=bucket, Policy=before)

    def _policy(self, role: str, policy: str) -> dict[str, Any]:
        document = self._iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        return document if isinstance(document, dict) else json.loads(document)

    def _put_policy(self, role: str, policy: str, document: dict[str, Any]) -> None:
        text = json.dumps(document)
        self._iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=text)

    @contextmanager
    def without_route(self, route_key: str) -> Iterator[None]:
        api = self._stack.resources["Api"]
        routes = self._api.get_routes(ApiId=api)["Items"]
        (route,) = [each for each in routes if each["RouteKey"] == route_key]
        self._api.delete_route(ApiId=api, RouteId=route["RouteId"])
        yield
        self._api.create_route(ApiId=api, RouteKey=route_key, Target=route["Target"])

    @contextmanager
    def without_variable(self, name: str) -> Iterator[None]:
        before = {}
        for function in FUNCTIONS.values():
            found = self._lambda.get_function_configuration(
                FunctionName=self._stack.resources[function]
            )
            before[function] = found["Environment"]["Variables"]
        affected = {function: values for function, values in before.items() if name in values}
        for function, values in affected.items():
            self._publish(function, {key: values[key] for key in values if key != name})
        yield
        for function, values in affected.items():
            self._publish(function, values)

    def _publish(self, function: str, variables: dict[str, str]) -> None:
        """Publish a version with these variables and lead the alias to it."""
        name = self._stack.resources[function]
        description = str(time.monotonic_ns())  # an unchanged function would publish no version
        self._lambda.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}, Description=description
        )
        version = self._lambda.publish_version(FunctionName=name)["Version"]
        self._lambda.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def _restart(self, function: str) -> None:
        """Run a function in new processes, with empty caches."""
        found = self._lambda.get_function_configuration(
            FunctionName=self._stack.resources[function]
        )
        self._publish(function, found["Environment"]["Variables"])


def _collect_actions(node: Any, found: set[str]) -> None:
    if isinstance(node, dict):
        found.update(listed(node.get("Action", [])))
        for value in node.values():
            _collect_actions(value, found)
    elif isinstance(node, list):
        for value in node:
            _collect_actions(value, found)


def _route_key(event: dict[str, Any]) -> str:
    """The key that SAM gives a route; an event without a path is the route ``$default``."""
    return f"{event['Method']} {event['Path']}" if "Path" in event else "$default"
