"""The page of a deployed stack: what it shows is what the stack serves, and nothing is written."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.stack.deployment import COMMAND_SECONDS, Stack
from tests.stack.emulator import ROOT
from tests.stack.probes import OWNER, PROTECTED, PROTECTED_KEY, STRANGER, stored

DATA = "application/vnd.pocketfiles+json"


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[str]:
    """The address of the page that `admin console` serves."""
    command = [sys.executable, "-m", "admin", "console", "--stack", stack.name]
    environment = dict(stack.emulator.environment)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("console: ").strip()
        finally:
            process.terminate()
            process.wait(COMMAND_SECONDS)


def ask(page: str, view: str, **query: str) -> Mapping[str, Any]:
    asked = f"{page}?{urlencode({'view': view, **query})}"
    request = urllib.request.Request(asked, headers={"Accept": DATA})
    with urllib.request.urlopen(request, timeout=COMMAND_SECONDS) as answer:
        found: Mapping[str, Any] = json.load(answer)
    return found


def explained(page: str, stack: Stack, user: str) -> int:
    url = f"{stack.outputs['Url']}{PROTECTED}"
    return int(ask(page, "explain", url=url, user=f"users/{user}")["status"])


def test_it_shows_the_stack_and_where_its_files_are_served(page: str, stack: Stack) -> None:
    found = ask(page, "overview")
    url = urlsplit(stack.outputs["Url"])
    assert (found["title"], found["base"].rstrip("/")) == (stack.name, f"https://{url.netloc}")
    assert {"photos", "documents"} <= {each["name"] for each in found["collections"]}
    assert not found["requests"]


def test_a_file_is_shown_with_its_object(page: str) -> None:
    collection, record, name = PROTECTED.split("/")
    found = ask(page, "file", collection=collection, record=record, name=name)
    assert (found["key"], found["protected"]) == (PROTECTED_KEY, True)
    assert found["original"]["bytes"] == len(stored(PROTECTED_KEY))


def test_its_decisions_and_tokens_are_the_stacks(page: str, stack: Stack) -> None:
    for user in (OWNER, STRANGER):
        token = ask(page, "token", user=f"users/{user}")["token"]
        served = stack.get(f"/api/files/{PROTECTED}?token={token}").status
        assert explained(page, stack, user) == served
    assert explained(page, stack, OWNER) == 200
    assert explained(page, stack, STRANGER) == 404
