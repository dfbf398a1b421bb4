import random
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from pocketfiles import snapshot


class Runtime(ModuleType):
    """A stand-in for Lambda's module of hooks that records what is registered."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self.before: list[Callable[[], object]] = []
        self.after: list[Callable[[], object]] = []
        self.register_before_snapshot = self.before.append
        self.register_after_restore = self.after.append


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    return runtime


def test_parts_and_modules_are_loaded_before_the_snapshot(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pocketfiles.http.ranges", raising=False)
    built: list[str] = []
    snapshot.prepare(
        lambda: built.append("service"),
        lambda: built.append("origin"),
        modules=("pocketfiles.http.ranges",),
    )
    assert (built, "pocketfiles.http.ranges" in sys.modules) == ([], False)
    for hook in runtime.before:
        hook()
    assert (built, "pocketfiles.http.ranges" in sys.modules) == (["service", "origin"], True)


def test_random_numbers_differ_after_a_restore(runtime: Runtime) -> None:
    snapshot.prepare(modules=())
    state = random.getstate()
    for hook in runtime.after:
        hook()
    assert random.getstate() != state


def test_without_snapstart_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)
    snapshot.prepare(lambda: pytest.fail("called"), modules=("nowhere",))
