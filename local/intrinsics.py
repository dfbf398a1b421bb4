"""CloudFormation's short tags and intrinsic functions, as far as the template uses them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

ACCOUNT = "000000000000"
REGION = "us-east-1"

PSEUDO: Mapping[str, str] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}

_NO_VALUE = object()
"""What ``!Ref AWS::NoValue`` resolves to; the property or list entry is then left out."""


class TemplateError(Exception):
    """The template cannot be read, or uses something that the local runner does not support."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags: ``!Ref X`` reads as ``{"Ref": "X"}``."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has these three kinds
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


def load(text: str) -> dict[str, Any]:
    """Parse a template; tags get their long form. Raises ``TemplateError``."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError("the template has no Resources")
    return document


class Resolver:
    """Evaluates intrinsic functions.

    Resources resolve to their local names, parameters to the value ``given`` or to their default.
    """

    def __init__(self, document: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> None:
        self._parameters: Mapping[str, Any] = document.get("Parameters") or {}
        self._given = given or {}
        self._conditions: Mapping[str, Any] = document.get("Conditions") or {}
        self._resources: Mapping[str, Any] = document["Resources"]
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::If": self._if,
            "Fn::Equals": self._equals,
            "Fn::Not": self._not,
            "Fn::And": lambda terms: all(map(self.resolve, terms)),
            "Fn::Or": lambda terms: any(map(self.resolve, terms)),
            "Fn::Sub": self._sub,
            "Fn::GetAtt": self._get_att,
        }

    def resolve(self, node: Any) -> Any:
        """Replace every intrinsic function by its value. Raises ``TemplateError``."""
        if isinstance(node, list):
            items = [self.resolve(item) for item in node]
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in self._functions:
                return self._functions[name](argument)
            if str(name).startswith("Fn::"):
                raise TemplateError(f"{name} is not supported here")
        values = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not _NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether a named condition is true."""
        if condition not in self._conditions:
            raise TemplateError(f"there is no condition {condition}")
        return bool(self.resolve(self._conditions[condition]))

    def exists(self, logical_id: str) -> bool:
        """Whether a resource has no condition, or one that is true."""
        condition = self._resources[logical_id].get("Condition")
        return condition is None or self.holds(condition)

    def local_name(self, logical_id: str) -> str:
        """A resource's name here: the one in the template, or else its logical id."""
        resource = self._resources[logical_id]
        properties = resource.get("Properties") or {}
        if resource["Type"] == "AWS::S3::Bucket":
            return str(self.resolve(properties.get("BucketName", logical_id.lower())))
        if resource["Type"] == "AWS::DynamoDB::Table":
            return str(self.resolve(properties.get("TableName", logical_id)))
        return logical_id

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._resources:
            return self.local_name(name)
        if name not in self._parameters:
            raise TemplateError(f"!Ref {name} refers to nothing")
        if name in self._given:
            return self._given[name]
        if "Default" not in self._parameters[name]:
            raise TemplateError(f"the parameter {name} has no default")
        return self._parameters[name]["Default"]

    def _if(self, argument: list[Any]) -> Any:
        condition, yes, no = argument
        return self.resolve(yes if self.holds(condition) else no)

    def _equals(self, argument: list[Any]) -> bool:
        one, two = argument
        return str(self.resolve(one)) == str(self.resolve(two))  # CloudFormation compares texts

    def _not(self, argument: list[Any]) -> bool:
        (term,) = argument
        return not self.resolve(term)

    def _sub(self, argument: Any) -> str:
        text, names = (argument, {}) if isinstance(argument, str) else argument

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):  # ${!Literal} stands for itself
                return f"${{{name[1:]}}}"
            if name in names:
                return str(self.resolve(names[name]))
            if "." in name:
                return self._get_att(name.split(".", 1))
            return str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _get_att(self, argument: list[str]) -> str:
        logical_id, attribute = argument
        if logical_id not in self._resources:
            raise TemplateError(f"!GetAtt {logical_id}.{attribute} refers to nothing")
        if attribute == "Arn":
            return f"arn:aws:local:::{self.local_name(logical_id)}"
        return f"{logical_id}.{attribute}"
