import os
import subprocess
import sys

import pytest

from pocketfiles import startup
from tests.conftest import ROOT

LOAD = """
import gc, importlib, sys
from pocketfiles import startup

collections = []
begin, finish = startup.begin, startup.finish

def begin_and_count():
    begin()
    gc.callbacks.append(lambda phase, _: collections.append(phase))

def count_and_finish(*arguments):
    print(len(collections))
    finish(*arguments)

startup.begin, startup.finish = begin_and_count, count_and_finish
importlib.import_module(sys.argv[1])
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize("module", ["files.app", "tokens.app"])
def test_a_function_collects_no_garbage_until_it_is_loaded(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, module],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "functions")},
        check=True,
    )
    assert done.stdout.split() == ["0", "True", "True"]


def test_parts_are_built_where_there_are_settings() -> None:
    built: list[str] = []
    startup.finish({}, lambda: built.append("without"))
    startup.finish({"TABLE_NAME": "files"}, lambda: built.append("with"))
    assert built == ["with"]
