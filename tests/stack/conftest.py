"""One emulator and one default stack with the demo data, for all tests of one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.stack.probes")

from tests.stack.deployment import BUILT, Stack, deploy  # noqa: E402 - the line above comes first
from tests.stack.emulator import Emulator  # noqa: E402

LONGEST_SECONDS = 1800
"""A test deploys a stack, some of them many times."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        action="store_true",
        help="only take each permission, route and variable out of the stack and show what fails",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark all tests here; with --without, run those alone that take something out."""
    alone = config.getoption("--without")
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker("stack")
        item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
    dropped = [item for item in ours if alone and item.path.name != "test_without.py"]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if not BUILT.exists():
        pytest.fail("there is no built template: run `make stack`")
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def stack(emulator: Emulator) -> Stack:
    """The stack with every parameter's default, filled with the demo data."""
    stack = deploy(emulator, "pocketfiles", {})
    stack.import_demo()
    return stack
