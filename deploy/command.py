"""The command line of `sam deploy` for a stage.

    python -m deploy.command STAGE [SAM ARGUMENTS...]

A stage other than the default one inherits the settings of the default stage in samconfig.toml,
except its stack name, its parameters and the bucket for its uploads: `sam` itself inherits nothing.
"""

import shlex
import sys
from collections.abc import Iterator, Sequence

from deploy.samconfig import DEFAULT_STAGE, ConfigError, Stage, stage

NOT_INHERITED = {"parameter_overrides", "s3_bucket", "stack_name"}


def arguments(of: Stage, given: Sequence[str]) -> list[str]:
    """The arguments of `sam` for a stage, with those given on the command line last."""
    chosen = list(given)
    found = ["deploy", "--config-env", of.name]
    if of.name != DEFAULT_STAGE:
        found += inherited(of, chosen)
    return found + chosen


def inherited(of: Stage, given: Sequence[str]) -> Iterator[str]:
    """Options for what the stage does not say itself and the command line does not either."""
    wanted = {name: value for name, value in of.default.items() if name not in NOT_INHERITED}
    wanted |= {"stack_name": of.stack_name, "s3_prefix": of.stack_name}
    for name, value in wanted.items():
        option = "--" + name.replace("_", "-")
        if name in of.own or any(each.split("=")[0] == option for each in given):
            continue
        if value is True:
            yield option
        elif value is False:
            yield option.replace("--", "--no-", 1)
        else:
            yield from (option, *([value] if isinstance(value, str) else map(str, value)))


def main() -> None:
    """Print the command line, quoted for a shell."""
    name, *given = sys.argv[1:]
    try:
        print(shlex.join(arguments(stage(name), given)))
    except ConfigError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
