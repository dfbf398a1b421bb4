"""Takes the budget out of a built template where CloudFormation has none.

    python -m deploy.budget STAGE BUILT_TEMPLATE [SAM ARGUMENTS...]

CloudFormation refuses a template with a kind of resource that the region does not have, whatever
the resource's condition says.
"""

import argparse
import re
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError

from deploy.account import account_of
from deploy.samconfig import ConfigError, read_stage

REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
"""Commercial regions where CloudFormation has ``AWS::Budgets::Budget``, by cfn-lint's schemas."""


def without_budget(template: str) -> str:
    """The text of a template without its budget."""
    block = r"^  Budget:\n(?:    .*\n)+"
    return re.sub(block, "", template, flags=re.MULTILINE)


def main() -> None:
    """Change the template of the command line if the region needs it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.budget", allow_abbrev=False)
    parser.add_argument("stage")
    parser.add_argument("template", type=Path)
    parser.add_argument("--region")
    parser.add_argument("--profile")
    given, _ = parser.parse_known_args()
    try:
        account = account_of(read_stage(given.stage), given.region, given.profile)
    except (ConfigError, BotoCoreError) as error:
        sys.exit(f"cannot deploy: {error}")
    if account.region in REGIONS:
        return
    given.template.write_text(without_budget(given.template.read_text()))
    print(
        f"CloudFormation has no budgets in {account.region}: the stack is deployed without one. "
        "docs/deploying.md says how to make it.",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
