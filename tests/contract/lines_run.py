"""Counts the lines of the library that run: work that does not depend on the machine."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import pocketfiles

LIBRARY = str(Path(pocketfiles.__file__).parent)

Result = TypeVar("Result")


def lines_run(call: Callable[[], Result]) -> tuple[Result, int]:
    """What the call returns, and how many lines of the library it ran. Decoders count nothing."""
    count = 0

    def trace_line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace_line

    def trace_call(frame: FrameType, event: str, argument: Any) -> Any:
        is_library = frame.f_code.co_filename.startswith(LIBRARY)
        return trace_line if is_library else None

    before = sys.gettrace()
    sys.settrace(trace_call)
    try:
        result = call()
    finally:
        sys.settrace(before)
    return result, count
