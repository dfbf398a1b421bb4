import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.intrinsics import TemplateError
from local.runtime import Context, FunctionError, Handler, IntegrationTimeout, Runtime, load_handler
from local.template import Function


def runtime(handler: Handler, timeout: float = 60, limit: float = 60) -> Runtime:
    return Runtime({"F": Function("F", "x.handler", 512, timeout)}, lambda _: handler, limit)


def test_a_handler_gets_the_event_and_a_context() -> None:
    seen: list[Any] = []

    def handler(event: dict[str, Any], context: Context) -> str:
        seen.append((event, context))
        assert 0 < context.get_remaining_time_in_millis() <= 60_000
        return "done"

    assert runtime(handler).invoke("F", {"a": 1}, "id-1") == "done"
    event, context = seen[0]
    assert event == {"a": 1}
    assert (context.function_name, context.memory_limit_in_mb, context.aws_request_id) == (
        "F",
        512,
        "id-1",
    )
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:F"
    assert (context.log_group_name, context.log_stream_name) == ("/aws/lambda/F", "local")


def test_no_time_remains_after_the_deadline() -> None:
    assert Context("id", "F", 128, time.monotonic() - 1).get_remaining_time_in_millis() == 0


@pytest.mark.parametrize("error", [ValueError("secret"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_handler_raises_fails_the_invocation(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(event: dict[str, Any], context: Context) -> None:
        raise error

    with pytest.raises(FunctionError, match=f"F raised {type(error).__name__}$"):
        runtime(handler).invoke("F", {}, "id")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("timeout", "limit", "error"),
    [(0.05, 30, FunctionError), (30, 0.05, IntegrationTimeout)],
    ids=["the function's own timeout", "the gateway's time limit"],
)
def test_a_handler_that_is_too_slow_is_abandoned(
    timeout: float, limit: float, error: type[Exception]
) -> None:
    end = threading.Event()
    with pytest.raises(error):
        runtime(lambda event, context: end.wait(60), timeout, limit).invoke("F", {}, "id")
    end.set()


def test_invocations_run_at_the_same_time_except_the_first() -> None:
    together = threading.Barrier(4, timeout=60)
    calls: list[int] = []

    def handler(event: dict[str, Any], context: Context) -> None:
        calls.append(1)
        if len(calls) > 1:
            together.wait()

    invoke: Callable[[int], Any] = lambda n: shared.invoke("F", {}, str(n))  # noqa: E731
    shared = runtime(handler)
    invoke(0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(invoke, range(4)))
    assert len(calls) == 5


def test_a_handler_is_imported_by_its_handler_string(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "app.py").write_text(
        "def handler(event, context):\n    return event['n'] + 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    handler = load_handler(Function("Shop", "shop.app.handler", 128, 3))
    assert handler({"n": 1}, Context("id", "Shop", 128, 0)) == 2
    sys.modules.pop("shop.app")
    sys.modules.pop("shop")


@pytest.mark.parametrize("handler", ["nowhere.app.handler", "json.nothing", "handler", ""])
def test_a_missing_handler_is_an_error(handler: str) -> None:
    with pytest.raises(TemplateError, match="F: no handler"):
        load_handler(Function("F", handler, 128, 3))
