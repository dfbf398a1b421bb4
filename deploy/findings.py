"""What speaks against a deployment, and how it is told."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong, what to do about it, and whether the deployment would fail."""

    problem: str
    advice: str
    fatal: bool = True


def report(found: list[Finding], say: Callable[[str], None]) -> int:
    """Say what was found, and return the exit code."""
    for each in found:
        kind = "cannot deploy" if each.fatal else "warning"
        say(f"{kind}: {each.problem}\n    {each.advice}")
    return int(any(each.fatal for each in found))
