"""Ties the parameter ``Architecture`` of a built template to that of the layers built with it.

    python -m deploy.architecture ARCHITECTURE [BUILT_TEMPLATE]

Without a template, it is only checked that there is such an architecture.

`sam build` makes the layers for one architecture, and `sam deploy` asks for the parameter again.
The built template therefore gets the architecture of the layers as its only allowed value, so that
CloudFormation refuses any other.
"""

import re
import sys
from pathlib import Path

ALLOWED = ("arm64", "x86_64")


def check(architecture: str) -> None:
    """Raise ``ValueError`` for an architecture that Lambda does not have."""
    if architecture not in ALLOWED:
        raise ValueError(f"the architecture {architecture!r} is neither of {', '.join(ALLOWED)}")


def pinned(template: str, architecture: str) -> str:
    """The text of a built template with one allowed architecture. Raises ``ValueError``."""
    check(architecture)
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
    """Check the architecture of the command line, and pin the template that it names."""
    architecture, *templates = sys.argv[1:]
    try:
        check(architecture)
        for path in map(Path, templates):
            path.write_text(pinned(path.read_text(), architecture))
    except ValueError as error:
        sys.exit(f"cannot build: {error}")


if __name__ == "__main__":
    main()
