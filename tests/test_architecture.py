"""The rules of the house: who may import what, how large things may be, where their tests are."""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ROOT / "functions"
LIBRARY = FUNCTIONS / "pocketfiles"

HANDLER_LINES = 80
MODULE_LINES = 300
APPS = {"files.app", "files.build", "tokens.app"}  # build: puts together what files.app calls
ADAPTERS = {"pocketfiles.storage", "pocketfiles.catalogue.table", "pocketfiles.thumbs.render"}
PICTURES = {
    f"pocketfiles.thumbs.{name}"
    for name in (
        "render",
        "decode",
        "canvas",
        "raster",
        "resample",
        "colour",
        "content",
        "drawing",
        "encode",
        "decode_jpeg",
        "libvips_task",
        "png_writer",
    )
}
AWS = {
    "pocketfiles.aws",
    "pocketfiles.response_bodies",
    "pocketfiles.storage",
    "pocketfiles.catalogue.table",
}
ONLY_IN = {
    "boto3": AWS,
    "botocore": AWS,
    "PIL": PICTURES,
    "aws_lambda_powertools": APPS | {"pocketfiles.metrics"},
    "os": APPS,
}
ADMIN = ROOT / "admin"
ADMIN_LAYERS = (
    "errors",
    "hosts",
    "deadlines",
    "wording",
    "proxies",
    "stop_signals",
    "source",
    "target",
    "rule_findings",
    "sync",
    "standalone",
    "explain",
    "comparison",
    "console",
    "commands",
    "cli",
    "__main__",
)
"""The parts of admin/, lowest first: a part imports itself and what stands before it."""

TELLS_NOTHING = {"base", "common", "helpers", "misc", "util", "utils"}

# Run in an interpreter of its own: prints the effects of importing a module, and what that loads.
IMPORT = """
import sys
def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    outside = ("socket.connect", "subprocess.", "os.system", "sqlite3.connect")
    if writes or event.startswith(outside):
        print("effect:", event, arguments[0])
sys.addaudithook(watch)
import importlib, os, threading
before = dict(os.environ)
importlib.import_module(sys.argv[1])
if threading.active_count() > 1 or dict(os.environ) != before:
    print("effect: a thread or a changed environment")
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def sources(folder: Path) -> dict[str, Path]:
    """Module name → file, of everything below ``folder`` that is no package's own file."""
    return {
        ".".join(path.relative_to(FUNCTIONS).with_suffix("").parts): path
        for path in sorted(folder.rglob("*.py"))
        if path.name != "__init__.py"
    }


MODULES = sources(FUNCTIONS)


def imports(path: Path) -> Iterator[str]:
    """What a file imports, wherever in it; not what type checkers alone read."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in set(ast.walk(tree)) - for_types:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def ours(imported: str) -> str | None:
    """The module of ours that an import names, itself or by a name in it."""
    return next((name for name in (imported, imported.rpartition(".")[0]) if name in MODULES), None)


def importing(module: str) -> subprocess.CompletedProcess[str]:
    """Import a module with nothing in the environment and no bytecode written."""
    path = f"import sys; sys.path.insert(0, {str(FUNCTIONS)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", path + IMPORT, module],
        capture_output=True,
        text=True,
        env={},
        check=False,
    )


def test_what_ships_imports_nothing_that_does_not_and_no_function_another() -> None:
    for module, path in MODULES.items():
        roots = {name.partition(".")[0] for name in imports(path)}
        foreign = {"admin", "benchmarks", "local", "tests", "files", "tokens"} - {
            module.partition(".")[0]
        }
        assert not roots & foreign, module


@pytest.mark.parametrize("name", ONLY_IN)
def test_a_library_is_imported_in_its_place_only(name: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        if name in {i.partition(".")[0] for i in imports(path)}
    }
    assert users <= ONLY_IN[name]


def test_adapters_are_built_by_the_apps_alone() -> None:
    for module, path in MODULES.items():
        if module in APPS:
            continue
        for imported in imports(path):
            assert ours(imported) not in ADAPTERS, f"{module} imports {imported}"


def test_imports_point_down() -> None:
    graph = {
        module: {ours(name) for name in imports(path)} - {None} for module, path in MODULES.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, with the cycle
    assert all(not used & {"files.app", "tokens.app"} for used in graph.values())


def admin_imports(path: Path) -> set[Path]:
    """The modules of admin/ that one of its files imports; ``__init__`` for a whole package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        for name in node.names:
            candidates = (folder / f"{name.name}.py", folder.with_suffix(".py"))
            found.add(next((each for each in candidates if each.is_file()), folder / "__init__.py"))
    return found


def admin_layer(path: Path) -> int:
    return ADMIN_LAYERS.index(path.relative_to(ADMIN).with_suffix("").parts[0])


def test_admins_imports_point_down() -> None:
    graph = {path: admin_imports(path) for path in ADMIN.rglob("*.py")}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, with the cycle
    upwards = [
        f"{path.relative_to(ROOT)} imports {imported.relative_to(ROOT)}"
        for path, used in graph.items()
        if path.name != "__init__.py"
        for imported in used
        if admin_layer(imported) > admin_layer(path)
    ]
    assert upwards == []


def test_no_module_is_called_utils_or_the_like() -> None:
    parts = {part for module in MODULES for part in module.split(".")}
    assert not parts & TELLS_NOTHING


def test_no_folder_hides_the_standard_library() -> None:
    """A folder called ``token`` would be what ``inspect`` imports."""
    top = {path.stem for path in FUNCTIONS.iterdir()}
    assert not top & set(sys.stdlib_module_names)


def test_no_module_is_longer_than_its_limit() -> None:
    too_long = []
    for module, path in MODULES.items():
        lines = len(path.read_text().splitlines())
        if lines > (HANDLER_LINES if module in APPS else MODULE_LINES):
            too_long.append(f"{module}: {lines} lines")
    assert too_long == []


@pytest.mark.parametrize("module", MODULES)
def test_importing_does_nothing(module: str) -> None:
    answer = importing(module)
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("tokens.app", r"PIL|boto3|pocketfiles\.(rules|thumbs|storage)\b.*"),
        ("files.app", r"PIL|boto3|sqlite3|apsw|pocketfiles\.rules\.evaluate"),
    ],
)
def test_a_cold_start_loads_only_what_every_request_needs(module: str, absent: str) -> None:
    loaded = importing(module).stderr.split()
    assert module in loaded
    assert [name for name in loaded if re.fullmatch(absent, name)] == []


def test_unit_tests_mirror_the_library() -> None:
    tested = {
        path.relative_to(ROOT / "tests/unit").with_name(path.name.removeprefix("test_"))
        for path in (ROOT / "tests/unit").rglob("test_*.py")
    }
    written = {path.relative_to(LIBRARY) for path in sources(LIBRARY).values()}
    assert {"untested": written - tested, "tests of nothing": tested - written} == {
        "untested": set(),
        "tests of nothing": set(),
    }
