"""A warm process answers any number of requests in the same memory."""

import gc
import logging
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from tests.conftest import how_many
from tests.deployed import Deployed
from tests.functions.conftest import ADA, BOB, ROOT, make_token

PHOTOS, PAPER = "/api/files/photos/photo1", "/api/files/papers/paper1"
APART = (
    *(BuiltinFunctionType, FunctionType, MethodType, ModuleType, type),
    *(logging.Handler, logging.LogRecord),
)
"""What leads from a part of the functions to all that the interpreter has, or that pytest keeps."""

MOST_PER_REQUEST = 0.2
"""Objects: fewer than any request leaves that adds to a list, a set or a dictionary."""


def one_of_each(api: Deployed, number: int) -> int:
    """Requests of all kinds, which name something new each time; returns how many."""
    token = make_token(ADA, exp=4_000_000_000 + number)
    targets = [
        f"{PHOTOS}/plain.txt?x={number}",
        f"{PHOTOS}/one.png?thumb=4x4",
        f"{PHOTOS}/one.png?thumb={number}x{number}",
        f"{PHOTOS}/fake.jpg?thumb=4x4",
        f"{PHOTOS}/cut.png?thumb=100x100",
        f"{PHOTOS}/missing-{number}.txt",
        f"/api/files/photos/missing-{number}/plain.txt",
        f"/api/files/missing-{number}/photo1/plain.txt",
        f"{PAPER}/secret.txt?token={token}",
        f"{PAPER}/secret.png?thumb=4x4&token={make_token(ROOT, exp=4_000_000_000 + number)}",
        f"{PAPER}/secret.txt?token={make_token(BOB, exp=4_000_000_000 + number)}",
        f"{PAPER}/secret.txt?token=a.b.{number}",
        f"/nowhere/{number}",
    ]
    for target in targets:
        assert api.ask("GET", target, {"X-Number": str(number)}).status < 500
    api.ask("POST", "/api/files/token", {"Authorization": make_token(ADA, "auth")})
    api.logged()
    return len(targets) + 1


def test_warm_requests_leave_nothing_in_memory(stable: Deployed) -> None:
    rounds = how_many(25, 720)
    requests = 0
    for number in range(rounds):
        one_of_each(stable, number)
    before = kept_objects()
    for number in range(rounds):
        requests += one_of_each(stable, rounds + number)
    assert (kept_objects() - before) / requests < MOST_PER_REQUEST


def kept_objects() -> int:
    """How many objects the functions keep from one request to the next."""
    gc.collect()
    parts = [part for module in our_modules() for part in kept_by(module)]
    found = {id(part): part for part in parts}
    while parts:
        referents = [each for each in gc.get_referents(*parts) if not isinstance(each, APART)]
        parts = list({id(each): each for each in referents if id(each) not in found}.values())
        found |= {id(part): part for part in parts}
    return len(found) + sum(cached_results(module) for module in our_modules())


def our_modules() -> list[ModuleType]:
    names = ("files", "tokens", "pocketfiles")
    return [module for name, module in sys.modules.items() if name.partition(".")[0] in names]


def kept_by(module: ModuleType) -> Iterator[Any]:
    """A module's own values, and what its functions without arguments have made."""
    for name, value in vars(module).items():
        if name in {"service", "origin"} and hasattr(value, "cache_info"):
            yield value()
        elif not name.startswith("__") and not isinstance(value, APART):
            yield value


def cached_results(module: ModuleType) -> int:
    """How many results the cached functions of a module keep."""
    cached = [value for value in vars(module).values() if hasattr(value, "cache_info")]
    return sum(value.cache_info().currsize for value in cached)
