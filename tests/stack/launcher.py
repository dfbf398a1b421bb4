"""Start MiniStack with what it lacks for this stack. The emulator's own Python runs this file.

Each patch is one function whose docstring says what AWS does and what MiniStack 1.5.33 does
instead. What it lacks and no patch mends is listed in ``emulator.py``.
"""

import json
import os
import queue
import re
import sys
import threading
from contextvars import ContextVar
from typing import Any

import cloudfront_patches
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway
from ministack.services.cloudformation import changesets, engine, handlers, provisioners
from samtranslator.translator import transform

ABSOLUTE_URL = re.compile(r"^https?://[^/]*")
ABSOLUTE_URL_BYTES = re.compile(ABSOLUTE_URL.pattern.encode())
END_OF_LOG = "end of what this invocation logged"
LOG_SECONDS = 60
"""How long MiniStack waits for another line of a function's log."""


def main() -> None:
    threading.Thread(target=stop_with_the_starter, daemon=True).start()
    create_routes_from_the_api_definition()
    show_the_sam_transform_the_parameters()
    cloudfront_patches.patch()
    take_requests_like_a_proxy()
    let_secrets_be_referred_to_by_arn()
    count_every_request_as_encrypted()
    accept_alarms_on_metric_math()
    accept_resources_without_effect_here()
    run_functions_without_the_emulators_packages()
    let_roles_write_to_log_streams()
    log_before_answering()
    app.main()


def stop_with_the_starter() -> None:
    """End the emulator when the process that started it ends, however it does."""
    sys.stdin.buffer.read()
    os._exit(0)


def create_routes_from_the_api_definition() -> None:
    """SAM writes an HTTP API as an OpenAPI ``Body``. MiniStack ignores it, so the API has no
    routes.
    """
    create = provisioners._apigw_v2_api_create
    update = provisioners._apigw_v2_api_update

    def add_routes(api_id: str, body: dict[str, Any]) -> None:
        apigateway._integrations[api_id] = {}
        apigateway._routes[api_id] = {}
        for path, methods in (body.get("paths") or {}).items():
            for method, operation in methods.items():
                add_route(api_id, path, method, operation["x-amazon-apigateway-integration"])

    def add_route(api_id: str, path: str, method: str, definition: dict[str, Any]) -> None:
        number = len(apigateway._routes[api_id])
        verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
        integration_id = f"integration{number}"
        apigateway._integrations[api_id][integration_id] = {
            "integrationId": integration_id,
            "integrationType": "AWS_PROXY",
            "integrationUri": definition["uri"],
            "integrationMethod": "POST",
            "payloadFormatVersion": definition["payloadFormatVersion"],
            "timeoutInMillis": 30000,
        }
        apigateway._routes[api_id][f"route{number}"] = {
            "routeId": f"route{number}",
            "routeKey": "$default" if path == "/$default" else f"{verb} {path}",
            "target": f"integrations/{integration_id}",
            "authorizationType": "NONE",
        }

    def create_with_routes(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        api_id, attributes = create(logical_id, props, stack_name)
        add_routes(api_id, props.get("Body") or {})
        return api_id, attributes

    def update_with_routes(physical_id: str, old: Any, new: Any, *rest: Any, **named: Any) -> Any:
        result = update(physical_id, old, new, *rest, **named)
        add_routes(physical_id, new.get("Body") or {})
        return result

    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    handlers["create"] = create_with_routes
    handlers["update"] = update_with_routes


def show_the_sam_transform_the_parameters() -> None:
    """AWS's transform reads parameters in some properties, such as DeploymentPreference. MiniStack
    gives it none.
    """
    apply = engine._apply_transforms
    translate = transform.transform
    parameters: ContextVar[dict[str, str]] = ContextVar("parameters")

    def apply_with_parameters(template: Any, provided: Any = None, previous: Any = None) -> Any:
        parameters.set(engine._transform_parameters(template, provided, previous))
        return apply(template, provided, previous)

    def translate_with_parameters(template: Any, _: Any, *rest: Any) -> Any:
        return translate(template, dict(parameters.get()), *rest)

    changesets._apply_transforms = apply_with_parameters
    handlers._apply_transforms = apply_with_parameters
    transform.transform = translate_with_parameters


def take_requests_like_a_proxy() -> None:
    """AWS has a host for each account's key value stores. Here all requests go to one address.

    A client that has this server as its HTTP proxy needs no name in DNS. It sends the whole URL.
    """
    answer = app.app

    async def answer_by_path(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["path"] = ABSOLUTE_URL.sub("", scope["path"])
            scope["raw_path"] = ABSOLUTE_URL_BYTES.sub(b"", scope["raw_path"])
        await answer(scope, receive, send)

    app.app = answer_by_path


def let_secrets_be_referred_to_by_arn() -> None:
    """``!Ref`` of a secret is its ARN. In MiniStack it is its name, which no policy matches."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handlers["create"]

    def create_with_arn(*arguments: Any) -> Any:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    handlers["create"] = create_with_arn


def count_every_request_as_encrypted() -> None:
    """MiniStack answers plain HTTP, which the bucket policy of the template denies."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_condition_key


def accept_alarms_on_metric_math() -> None:
    """MiniStack refuses an alarm on metric math. It gets the first metric in its place."""
    record = provisioners._cw_metric_alarm_record

    def record_first_metric(name: str, props: dict[str, Any]) -> Any:
        queries = props.get("Metrics") or []
        stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
        if stats:
            metric = stats[0]["Metric"]
            props = {key: value for key, value in props.items() if key != "Metrics"}
            props |= {"Period": stats[0]["Period"], "Statistic": stats[0]["Stat"], **metric}
        return record(name, props)

    provisioners._cw_metric_alarm_record = record_first_metric


def accept_resources_without_effect_here() -> None:
    """MiniStack refuses types that it does not know. No request depends on these resources."""

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        return f"{stack_name}-{logical_id}", {}

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        pass

    kinds = (
        "AWS::Budgets::Budget",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
    )
    for kind in kinds:
        provisioners._RESOURCE_HANDLERS.setdefault(kind, {"create": create, "delete": delete})


def run_functions_without_the_emulators_packages() -> None:
    """Lambda has a Python of its own. In MiniStack, functions can import its own packages."""
    detect = lambda_runtime._detect_runtime_binary

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        _, script = detect(runtime)
        return os.environ["RUNTIME_PYTHON"], script

    lambda_runtime._detect_runtime_binary = detect_runtime_binary
    os.environ["PYTHONPATH"] = os.environ["RUNTIME_PACKAGES"]


def let_roles_write_to_log_streams() -> None:
    """PutLogEvents is a call on a stream, which the ARN of its group with ``:*`` allows. MiniStack
    checks the ARN of the group alone.
    """
    extract = iam_actions.extract_resource_arn

    def extract_with_stream(service: str, *request: Any, **named: Any) -> str:
        arn = str(extract(service, *request, **named))
        _, _, headers, body = request[:4]
        if service != "logs" or not headers.get("x-amz-target", "").endswith(".PutLogEvents"):
            return arn
        return f"{arn}:log-stream:{json.loads(body)['logStreamName']}"

    iam_actions.extract_resource_arn = extract_with_stream


def log_before_answering() -> None:
    """Lambda keeps every line. MiniStack takes those that arrive within milliseconds of the
    answer; a later one is logged with the next request, or never.

    Here a function marks the end of what it logged, and MiniStack waits for the mark before it
    passes on the answer.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    answered = "        _real_stdout.flush()\n\nrun()"
    assert script.count(answered) == 1
    mark = f"        print({END_OF_LOG!r}, file=sys.stderr, flush=True)\n"
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(answered, mark + answered)
    lambda_runtime.Worker._drain_stderr_bounded = lines_up_to_the_mark


def lines_up_to_the_mark(worker: Any) -> str:
    """What a function logged in one invocation; less if it dies, or logs for too long."""
    lines: list[str] = []
    try:
        while not lines or lines[-1] != END_OF_LOG:
            lines.append(worker._stderr_queue.get(timeout=LOG_SECONDS))
        lines.pop()
    except queue.Empty:
        pass
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
