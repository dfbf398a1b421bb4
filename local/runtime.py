"""Lambda's part: loads handlers by name, invokes them with a context and a time limit.

All functions share this process and run in threads; on AWS, each concurrent invocation has an
execution environment of its own. A thread cannot be killed, so a function that runs too long is
abandoned.
"""

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from local.intrinsics import ACCOUNT, REGION, TemplateError
from local.template import Function

INTEGRATION_LIMIT = 30.0
"""Seconds that API Gateway waits for a function."""

Event: TypeAlias = dict[str, Any]


class FunctionError(Exception):
    """The function raised, or exceeded its own timeout. The client gets a 500."""


class IntegrationTimeout(Exception):
    """The function exceeded the gateway's time limit. The client gets a 503."""


@dataclass(frozen=True)
class Context:
    """What Lambda passes with the event. ``deadline`` is in seconds of ``time.monotonic``."""

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: int
    deadline: float
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN, in an account that does not exist."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """The log group on AWS. Here, log lines go to standard error."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """The log stream; there is one, since there is one process."""
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never below zero."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


Handler: TypeAlias = Callable[[Event, Context], Any]


def load_handler(function: Function) -> Handler:
    """Import a function's handler as Lambda does. Raises ``TemplateError``."""
    module, _, name = function.handler.rpartition(".")
    try:
        handler: Handler = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise TemplateError(f"{function.name}: no handler {function.handler}: {error}") from error
    return handler


class Runtime:
    """Invokes functions by their logical id. ``limit`` is the gateway's, in seconds."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        load: Callable[[Function], Handler] = load_handler,
        limit: float = INTEGRATION_LIMIT,
    ) -> None:
        self._functions = functions
        self._handlers = {name: load(function) for name, function in functions.items()}
        self._limit = limit
        self._starting = threading.Lock()
        self._started: set[str] = set()

    def invoke(self, name: str, event: Event, request_id: str) -> Any:
        """Return the function's result. Raises ``FunctionError`` or ``IntegrationTimeout``."""
        function = self._functions[name]
        context = Context(request_id, name, function.memory, time.monotonic() + function.timeout)
        results: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        work = threading.Thread(
            target=self._run,
            args=(name, event, context, results),
            name=request_id,  # by which the console knows whose line is printed
            daemon=True,
        )
        work.start()
        try:
            succeeded, result = results.get(timeout=min(function.timeout, self._limit))
        except queue.Empty:
            if function.timeout < self._limit:
                raise FunctionError(
                    f"{name} timed out after {function.timeout:.2f} seconds"
                ) from None
            raise IntegrationTimeout(
                f"{name} gave no answer in {self._limit:.2f} seconds"
            ) from None
        if not succeeded:
            raise FunctionError(f"{name} raised {result}")
        return result

    def _run(
        self,
        name: str,
        event: Event,
        context: Context,
        results: queue.SimpleQueue[tuple[bool, Any]],
    ) -> None:
        try:
            with self._start(name):
                results.put((True, self._handlers[name](event, context)))
        except BaseException as error:  # `sys.exit` ends an invocation, not the runner
            traceback.print_exc(file=sys.stderr)
            results.put((False, type(error).__name__))

    @contextmanager
    def _start(self, name: str) -> Iterator[None]:
        """Run a function's first invocation alone, as in a new execution environment on AWS."""
        if name in self._started:
            yield
            return
        with self._starting:
            yield
            self._started.add(name)
