import re

import local
from tests.conftest import ROOT

MODULES = {path.stem for path in (ROOT / "local").glob("*.py") if not path.stem.startswith("__")}


def test_the_package_docstring_describes_every_module_once() -> None:
    assert local.__doc__
    assert sorted(re.findall(r"^``(\w+)``: \S", local.__doc__, re.MULTILINE)) == sorted(MODULES)
