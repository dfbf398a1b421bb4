"""A clock for tests, in whose time waiting takes none."""

from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that a test moves; sleeping moves it too. In seconds since the epoch."""

    now: float = 1_800_000_000.0
    slept: float = 0.0
    """How long anybody has slept by it."""

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds
        self.slept += seconds
