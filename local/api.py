"""The HTTP API as a whole: a request comes in, a function is invoked, an answer goes out."""

import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

from local.gateway import Answer, Request, event_of, exceeded, refusal, without_body
from local.results import PAYLOAD_LIMIT, BadResult, answer_of
from local.routing import BadTarget, Routes, read_target
from local.runtime import FunctionError, IntegrationTimeout, Runtime
from local.template import Route


class Api:
    """Routes requests to functions. Answers carry the request id that the log lines carry."""

    def __init__(
        self, routes: Iterable[Route], runtime: Runtime, clock: Callable[[], float] = time.time
    ) -> None:
        self._routes = Routes(routes)
        self._runtime = runtime
        self._clock = clock

    def respond(self, request: Request) -> Answer:
        """Return the answer to any request. Never raises."""
        request_id = str(uuid.uuid4())
        try:
            answer = self._answer(request, request_id)
        except IntegrationTimeout as error:
            answer = _failed(503, request_id, error)
        except (BadResult, FunctionError) as error:
            answer = _failed(500, request_id, error)
        if request.method == "HEAD":
            answer = without_body(answer)
        return replace(answer, headers=(*answer.headers, ("Apigw-Requestid", request_id)))

    def _answer(self, request: Request, request_id: str) -> Answer:
        status = exceeded(request)
        if status:
            return refusal(status)
        try:
            target = read_target(request.target)
        except BadTarget:
            return refusal(400)
        match = self._routes.match(request.method, target.path)
        if match is None:
            return refusal(404)
        event = event_of(request, target, match, request_id, self._clock())
        if len(event.get("body", "")) > PAYLOAD_LIMIT:
            return refusal(413)
        result = self._runtime.invoke(match.route.function, event, request_id)
        return answer_of(result, head=request.method == "HEAD")


def _failed(status: int, request_id: str, error: Exception) -> Answer:
    print(f"{request_id} {error}", file=sys.stderr, flush=True)
    return refusal(status)
