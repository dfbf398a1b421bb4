"""The command line of `sam deploy` for a stage.

    python -m deploy.command STAGE [SAM ARGUMENTS...]

A stage other than the default one inherits the settings of the default stage in samconfig.toml,
except its stack name, its parameters and the bucket for its uploads: `sam` itself inherits nothing.
"""

import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from deploy.samconfig import DEFAULT_STAGE, ConfigError, Stage, read_stage

HAVE_OPPOSITES = {
    "--beta-features",
    "--confirm-changeset",
    "--disable-rollback",
    "--express",
    "--fail-on-empty-changeset",
    "--language-extensions",
    "--resolve-s3",
}
"""Flags of `sam deploy` that have an opposite, ``--no-…``."""

NOT_INHERITED = {"parameter_overrides", "s3_bucket", "stack_name"}


def arguments(stage: Stage, given: Sequence[str]) -> list[str]:
    """The arguments of `sam` for a stage, with those given on the command line last."""
    found = ["deploy", "--config-env", stage.name]
    if stage.name != DEFAULT_STAGE:
        found += inherited(stage, given)
    return [*found, *given]


def inherited(stage: Stage, given: Sequence[str]) -> Iterator[str]:
    """Options for what the stage does not say itself and the command line does not either."""
    wanted = {name: value for name, value in stage.default.items() if name not in NOT_INHERITED}
    wanted["stack_name"] = stage.stack_name
    wanted["s3_prefix"] = stage.stack_name
    given_options = {text.split("=")[0] for text in given}
    for name, value in wanted.items():
        option = "--" + name.replace("_", "-")
        if name in stage.own or option in given_options:
            continue
        yield from _spelled(option, value)


def _spelled(option: str, value: Any) -> Iterator[str]:
    """An option and its values as `sam` reads them; a flag that is off is ``--no-…`` or nothing."""
    if value is True:
        yield option
    elif value is False:
        if option in HAVE_OPPOSITES:
            yield option.replace("--", "--no-", 1)
    elif words := _words(value):  # `sam` itself writes empty lists
        yield from (option, *words)


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}={each}" for name, each in value.items()]
    if isinstance(value, list):
        return [str(each) for each in value]
    return [str(value)]


def main() -> None:
    """Print the command line, quoted for a shell."""
    name, *given = sys.argv[1:]
    try:
        print(shlex.join(arguments(read_stage(name), given)))
    except ConfigError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
