"""POST /api/files/token: a short-lived file token for an authenticated record."""

import os
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pocketfiles import aws, handle, metrics, snapshot
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.http.messages import Reply, Request
from pocketfiles.issue import TokenService
from pocketfiles.origin import Origin

log = Logger()


@cache
def service() -> TokenService:
    """The use case with its real parts, built at the first request."""
    settings = Settings.from_env(os.environ, files=False)
    table = Table(aws.client("dynamodb"), settings.table_name)
    return TokenService(Catalogue(table, settings.catalogue_ttl, time.monotonic))


@cache
def origin() -> Origin:
    """Whom the function lets in."""
    settings = Settings.from_env(os.environ, files=False)
    return Origin(settings.origin_secret_arn, aws.secret_values, time.monotonic)


snapshot.prepare(service, origin, modules=("jwt",))


def route(request: Request) -> Reply:
    """The answer to a request."""
    return service().issue(origin().admit(request), time.time())


@log.inject_lambda_context(log_event=False)  # whatever the environment says: it holds tokens
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a payload-2.0 event in, a payload-2.0 response out."""
    with aws.within(context.get_remaining_time_in_millis() / 1000):
        return handle.answer(event, route, log, metrics.emit)
