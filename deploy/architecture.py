"""Ties the parameter ``Architecture`` of a built template to the architecture of the layers built
with
it.

    python -m deploy.architecture BUILT_TEMPLATE ARCHITECTURE

`sam build` makes the layers for one architecture, and `sam deploy` asks for the parameter again.
The built template therefore gets the architecture of the layers as its only allowed value, so that
CloudFormation refuses any other.
"""

import re
import sys
from pathlib import Path

ALLOWED = ("arm64", "x86_64")


def pinned(template: str, architecture: str) -> str:
    """The text of a built template with one allowed architecture. Raises ``ValueError``."""
    if architecture not in ALLOWED:
        raise ValueError(f"the architecture {architecture!r} is neither of {', '.join(ALLOWED)}")
    block = re.search(r"^  Architecture:\n(?:    .*\n)+", template, re.MULTILINE)
    if block is None:
        raise ValueError("the template has no parameter Architecture")
    text = re.sub(
        r"^    Default: .*\n", f"    Default: {architecture}\n", block[0], flags=re.MULTILINE
    )
    text = re.sub(
        r"^    AllowedValues:(?: .*)?\n(?:    - .*\n)*",
        f"    AllowedValues: [{architecture}]\n",
        text,
        flags=re.MULTILINE,
    )
    return template[: block.start()] + text + template[block.end() :]


def main() -> None:
    """Pin the template that the command line names."""
    path = Path(sys.argv[1])
    try:
        path.write_text(pinned(path.read_text(), sys.argv[2]))
    except ValueError as error:
        sys.exit(f"{path}: {error}")


if __name__ == "__main__":
    main()
