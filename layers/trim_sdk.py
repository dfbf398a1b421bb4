"""Trim botocore in a layer to the calls that the functions make.

    python layers/trim_sdk.py SITE_PACKAGES

botocore describes more than 400 services, and to make a client it reads the whole description of
that service. Of these descriptions, only the operations in ``OPERATIONS`` and the shapes that they
use are kept, without documentation. Clients then take a third of the time to make.

The program prints what it keeps. It fails if the functions call an operation that is not kept, or
if one is kept that they do not call.
"""

import ast
import gzip
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"
OPERATIONS: dict[str, tuple[str, set[str]]] = {
    "s3": (
        "pocketfiles/storage.py",
        {"DeleteObject", "GetObject", "HeadBucket", "HeadObject", "PutObject"},
    ),
    "dynamodb": ("pocketfiles/catalogue/table.py", {"BatchGetItem", "GetItem", "Query"}),
    "logs": ("pocketfiles/audit_log.py", {"PutLogEvents"}),
}
"""For each service, the module that calls it and the operations to keep."""

KEPT_FILES = ("partitions.json", "sdk-default-configuration.json", "_retry.json")
"""Files of ``botocore/data`` that every client reads."""

DOCSTRINGS = '''"""Docstrings of clients are not shipped: making them takes a library of its own."""


class _Docstring(str):
    def __new__(cls, *arguments, **named):
        return super().__new__(cls)


ClientMethodDocstring = WaiterDocstring = PaginatorDocstring = _Docstring
'''
DOCUMENTATION = '''"""Documentation is not shipped. These stand for handlers that change it."""


class _Nothing:
    def __init__(self, *arguments, **named):
        pass

    def __getattr__(self, name):
        return lambda *arguments, **named: None


AutoPopulatedParam = HideParamFromOperations = AppendParamDocumentation = _Nothing


def __getattr__(name):
    return _Nothing
'''


class TrimError(Exception):
    """The layer would lack something that the functions need."""


def main(site_packages: Path) -> None:
    """Trim the botocore in a folder of packages. Raises ``TrimError``."""
    package = site_packages / "botocore"
    before = size(package)
    data = package / "data"
    kept = {service: trimmed_service(data / service, service) for service in OPERATIONS}
    endpoints = trimmed_endpoints(json.loads((data / "endpoints.json").read_bytes()))
    common = {name: (data / name).read_bytes() for name in KEPT_FILES}
    shutil.rmtree(data)
    data.mkdir()
    write(data / "endpoints.json", endpoints)
    for name, content in common.items():
        (data / name).write_bytes(content)
    for files in kept.values():
        for path, document in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, document)
    shutil.rmtree(package / "docs")
    (package / "docs").mkdir()
    (package / "docs" / "__init__.py").write_text("")
    (package / "docs" / "docstring.py").write_text(DOCSTRINGS)
    (package / "docs" / "utils.py").write_text(DOCUMENTATION)
    for service, (_, operations) in OPERATIONS.items():
        print(f"botocore keeps of {service}: {', '.join(sorted(operations))}")
    print(f"botocore: {before / 1e6:.1f} MB, trimmed to {size(package) / 1e6:.1f} MB")


def trimmed_service(folder: Path, service: str) -> dict[Path, Any]:
    """The files of a service's newest API version that its client reads, by path."""
    version = max(path for path in folder.iterdir() if (path / "service-2.json.gz").exists())
    module, wanted = OPERATIONS[service]
    model = read(version / "service-2.json.gz")
    check_calls(FUNCTIONS / module, set(model["operations"]), wanted)
    return {
        version / "service-2.json": trimmed_model(model, wanted),
        version / "endpoint-rule-set-1.json": read(version / "endpoint-rule-set-1.json.gz"),
    }


def check_calls(module: Path, known: set[str], wanted: set[str]) -> None:
    """Compare the operations that a module names with those to keep. Raises ``TrimError``."""
    by_method = {method_name(operation): operation for operation in known}
    called = {by_method[name] for name in names_in(module) if name in by_method}
    if called - wanted:
        raise TrimError(
            f"{module} calls {', '.join(sorted(called - wanted))}, which OPERATIONS lacks"
        )
    if wanted - called:
        raise TrimError(
            f"OPERATIONS keeps {', '.join(sorted(wanted - called))}, which {module} does not call"
        )


def names_in(module: Path) -> Iterator[str]:
    """The attributes and texts of a module, among which are the methods that it calls."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def method_name(operation: str) -> str:
    """``get_object`` for ``GetObject``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def trimmed_model(model: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """A service's description with some of its operations, and without documentation."""
    operations = {name: model["operations"][name] for name in sorted(wanted)}
    shapes: dict[str, Any] = {}
    missing = set(shape_names(operations))
    while missing:
        found = {name: model["shapes"][name] for name in missing}
        shapes |= found
        missing = set(shape_names(found)) - set(shapes)
    return {
        **model,  # clientContextParams, too: botocore demands that they are documented
        "operations": without_documentation(operations),
        "shapes": without_documentation(dict(sorted(shapes.items()))),
        "documentation": "",
    }


def shape_names(node: Any) -> Iterator[str]:
    """The names of the shapes that a part of a description refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from shape_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from shape_names(value)


def without_documentation(node: Any) -> Any:
    """The same without ``documentation`` texts; a member of that name is no text and stays."""
    if isinstance(node, dict):
        return {
            key: without_documentation(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [without_documentation(value) for value in node]
    return node


def trimmed_endpoints(endpoints: dict[str, Any]) -> dict[str, Any]:
    """The endpoints of the kept services, in all partitions."""
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in OPERATIONS if name in services}
    return endpoints


def read(path: Path) -> Any:
    """The document in a compressed file of botocore."""
    return json.loads(gzip.decompress(path.read_bytes()))


def write(path: Path, document: Any) -> None:
    """Write a document without compression, which costs more time than it saves."""
    path.write_text(json.dumps(document, separators=(",", ":")))


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except TrimError as error:
        sys.exit(f"trim_sdk: {error}")
