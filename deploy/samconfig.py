"""What samconfig.toml says of a stage.

python -m deploy.samconfig STAGE architecture
python -m deploy.samconfig STAGE stack      # options that name its stack, for any command of sam
"""

import argparse
import re
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_STAGE = "default"
DEFAULT_ARCHITECTURE = "arm64"

PARAMETER = re.compile(
    r"(?:ParameterKey=)?(\w+)(?:,ParameterValue)?="
    r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S*))"""
)
"""A parameter as `sam` takes it: ``Key=value`` or ``ParameterKey=Key,ParameterValue=value``."""


class ConfigError(Exception):
    """samconfig.toml cannot be used. The message says why."""


@dataclass(frozen=True)
class Stage:
    """A stage: its name, its own settings for `sam deploy`, and those of the default stage."""

    name: str
    own: dict[str, Any]
    default: dict[str, Any]
    deployed: dict[str, str] = field(default_factory=dict)
    """The parameters of the stack as it is. `sam` keeps those that the stage does not give."""

    @property
    def stack_name(self) -> str:
        """The stack's name, by default that of the default stage with the stage behind it."""
        if "stack_name" in self.own:
            return str(self.own["stack_name"])
        base = str(self.default.get("stack_name", "pocketfiles"))
        return base if self.name == DEFAULT_STAGE else f"{base}-{self.name}"

    @property
    def region(self) -> str | None:
        """The region, if samconfig.toml says one."""
        return self.own.get("region") or self.default.get("region")

    @property
    def profile(self) -> str | None:
        """The profile of the credentials, if samconfig.toml says one."""
        return self.own.get("profile") or self.default.get("profile")

    @property
    def architecture(self) -> str:
        """The value of ``Architecture`` among the stage's parameters."""
        return self.parameters.get("Architecture", DEFAULT_ARCHITECTURE)

    @property
    def parameters(self) -> dict[str, str]:
        """The stage's own template parameters."""
        return parameters(self.own.get("parameter_overrides", ""))

    @property
    def effective(self) -> dict[str, str]:
        """The parameters of the next deployment, as far as they are not the template's defaults."""
        return self.deployed | self.parameters

    @property
    def unread_parameters(self) -> list[str]:
        """What stands among the stage's template parameters and is none."""
        return PARAMETER.sub(" ", as_text(self.own.get("parameter_overrides", ""))).split()


def read_stage(name: str, path: Path = ROOT / "samconfig.toml") -> Stage:
    """Read a stage from samconfig.toml. A stage that is not there has no settings of its own.

    Raises ``ConfigError``.
    """
    try:
        document = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}") from error
    try:
        return Stage(name, settings(document, name), settings(document, DEFAULT_STAGE))
    except (AttributeError, TypeError) as error:
        tables = f"[{name}.deploy.parameters] or [{DEFAULT_STAGE}.deploy.parameters]"
        raise ConfigError(f"{path.name}: {tables} is not a table of settings") from error


def settings(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The settings of a stage for `sam deploy`, those for all commands included."""
    sections = document.get(name, {})
    merged: dict[str, Any] = {}
    for command in ("global", "deploy"):
        merged |= sections.get(command, {}).get("parameters", {})
    overrides = merged.get("parameter_overrides", "")
    if isinstance(overrides, dict):
        overrides = [f'{key}="{value}"' for key, value in overrides.items()]
        merged["parameter_overrides"] = overrides
    is_list = isinstance(overrides, list) and all(isinstance(each, str) for each in overrides)
    if not (isinstance(overrides, str) or is_list):
        raise TypeError("parameter_overrides")
    return merged


def parameters(overrides: str | list[str]) -> dict[str, str]:
    """``Key=value Other="two words"``, as a text or a list, as `sam` takes it."""
    found = PARAMETER.findall(as_text(overrides))
    return {name: double or single or plain for name, double, single, plain in found}


def as_text(overrides: str | list[str]) -> str:
    """Parameters that may be in a list as one text."""
    return overrides if isinstance(overrides, str) else " ".join(overrides)


def stack_options(stage: Stage) -> list[str]:
    """The options with which a command of sam finds the stage's stack."""
    options = {
        "--stack-name": stage.stack_name,
        "--region": stage.region,
        "--profile": stage.profile,
    }
    return [text for option, value in options.items() if value for text in (option, str(value))]


def main() -> None:
    """Print one setting of the stage that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        prog="python -m deploy.samconfig",
    )
    parser.add_argument("stage")
    parser.add_argument("setting", choices=("stack", "architecture"))
    given = parser.parse_args()
    try:
        stage = read_stage(given.stage)
    except ConfigError as error:
        sys.exit(str(error))
    is_stack = given.setting == "stack"
    print(shlex.join(stack_options(stage)) if is_stack else stage.architecture)


if __name__ == "__main__":
    main()
