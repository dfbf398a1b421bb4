"""The command lines in the documents are ones that the programs understand."""

import re
import shlex
from collections.abc import Iterator

import pytest

from admin.cli import parser as admin_parser
from local.cli import parser as local_parser
from tests.test_docs import DOCUMENTS

LOCAL = re.compile(r'make run ARGS="([^"…]+)"|python -m local ([^`\n#|]+)')
ADMIN = re.compile(r'make admin ARGS="([^"…]+)"|python -m admin ([^`\n#|"\\]+)')
PLACEHOLDERS = {"COMMAND"}


def lines(pattern: re.Pattern[str]) -> Iterator[str]:
    """The arguments in every command line of the documents."""
    for document in DOCUMENTS:
        for found in pattern.finditer(document.read_text()):
            text = (found[1] or found[2]).split(" > ")[0].strip()
            words = text.split()
            is_mention = len(words) == 1  # of a command or an option, in a sentence
            if not is_mention and not PLACEHOLDERS & set(words):
                yield text


@pytest.mark.parametrize("text", sorted(set(lines(LOCAL))))
def test_the_local_service_understands_its_documented_options(text: str) -> None:
    assert understood(lambda: local_parser().parse_args(shlex.split(text)))


@pytest.mark.parametrize("text", sorted(set(lines(ADMIN))))
def test_admin_understands_its_documented_commands(text: str) -> None:
    assert understood(lambda: admin_parser().parse_args(shlex.split(text)))


def understood(parse: object) -> bool:
    assert callable(parse)
    try:
        parse()
    except SystemExit as ended:  # --help and --version end with 0
        return ended.code == 0
    return True
