"""The functions: handlers, routes, variables, limits."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pocketfiles import aws
from pocketfiles.config import Settings
from tests.conftest import ROOT
from tests.template_checks.reading import Template, environment, functions

FUNCTIONS = ROOT / "functions"

GATEWAY_SECONDS = 30

LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024 + 100

ROUTES = {
    ("FilesFunction", "$default"),
    ("FilesFunction", "ANY /api/files/{collection}/{record}/{filename}"),
    ("TokensFunction", "POST /api/files/token"),
}

READ_BY_LIBRARIES = re.compile("POWERTOOLS_.*|AWS_ENDPOINT_URL|MALLOC_.*")
"""Variables that Powertools, botocore and libc read."""

OF_THE_STACK = {"table_name", "bucket_name", "origin_secret", "cdn_direct"}
"""Settings that say what the stack consists of; without one there is no CloudFront."""

SET_BY_LAMBDA = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}


class Recorder(dict[str, str]):
    """A mapping that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def handlers_exist(template: Template) -> Iterator[str]:
    for name, function in functions(template).items():
        found = re.fullmatch(r"(\w+)\.app\.handler", function["Handler"])
        module = FUNCTIONS / found[1] / "app.py" if found else None
        if module is None or not module.is_file():
            yield f"{name}: no handler {function['Handler']}"
        elif "handler" not in {
            getattr(node, "name", "") for node in ast.parse(module.read_text()).body
        }:
            yield f"{name}: {module.parent.name}/app.py has no handler"


def routes_are_the_apis(template: Template) -> Iterator[str]:
    found = set()
    for name, function in functions(template).items():
        for event in function.get("Events", {}).values():
            given = event["Properties"]
            if event["Type"] != "HttpApi" or given["ApiId"] != {"Ref": "Api"}:
                yield f"{name} has an event outside the API"
            key = f"{given['Method']} {given['Path']}" if "Path" in given else "$default"
            found.add((name, key))
    yield from (f"no route {key} of {name}" for name, key in sorted(ROUTES - found))
    yield from (f"unknown route {key} of {name}" for name, key in sorted(found - ROUTES))


def variables_are_read_and_set(template: Template) -> Iterator[str]:
    needed = Settings.from_env(Recorder({"TABLE_NAME": "t", "BUCKET_NAME": "b"}), files=True)
    given_anywhere: set[str] = set()
    read_anywhere: set[str] = set()
    for name, files in {"FilesFunction": True, "TokensFunction": False}.items():
        given = environment(template, name)
        names = {each for each in given if not READ_BY_LIBRARIES.fullmatch(each)}
        recorder = Recorder({"TABLE_NAME": "t", "BUCKET_NAME": "b", **given})
        settings = Settings.from_env(recorder, files=files)
        yield from (
            f"{name} is given {each}, which nobody reads" for each in sorted(names - recorder.asked)
        )
        given_anywhere |= names
        read_anywhere |= recorder.asked
        if not names >= {"TABLE_NAME"} | ({"BUCKET_NAME"} if files else set()):
            yield f"{name} lacks the name of its table or bucket"
        for field in set(vars(settings)) - OF_THE_STACK:
            if getattr(settings, field) != getattr(needed, field):
                yield f"{name}: {field} has another default than config.py"
    unset = read_anywhere - given_anywhere - SET_BY_LAMBDA
    yield from (f"{each} is read and never set" for each in sorted(unset))


def limits_fit_each_other(template: Template) -> Iterator[str]:
    slowest_call = aws.Timeouts().worst_case
    for name, function in functions(template).items():
        if not slowest_call < function["Timeout"] < GATEWAY_SECONDS:
            yield f"{name}: a timeout of {function['Timeout']} s"
    files = environment(template, "FilesFunction")
    if int(files["INLINE_LIMIT_BYTES"]) * 4 / 3 + 16_384 > LAMBDA_ANSWER_BYTES:
        yield "an inline answer may be too large for Lambda"
    memory = template["Parameters"]["MemorySize"]["Default"] * 1024 * 1024
    if 4 * int(files["THUMB_MAX_PIXELS"]) * 2 + int(files["THUMB_MAX_SOURCE_BYTES"]) > memory / 2:
        yield "the largest picture may not fit into memory"
