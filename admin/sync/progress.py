"""Shows a round while it is applied, or nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from .destination import OnDone
from .summary import Summary

Progress: TypeAlias = Callable[[Summary, int], AbstractContextManager[OnDone]]
"""Shows a round while it is applied: entered with the summary so far and the number of records and
files to write, it gives the function to call with each action that is done.
"""


@contextmanager
def no_progress(_summary: Summary, _total: int) -> Iterator[OnDone]:
    """A ``Progress`` that shows nothing."""
    yield lambda _action: None
