"""POST /api/files/token: a short-lived file token for an authenticated record."""

from pocketfiles import startup

startup.begin()

import os
import random
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pocketfiles import aws, handle, metrics, sampled_log, snapshot
from pocketfiles.addresses import networks
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.deadline import deadline_in
from pocketfiles.http.messages import Reply, Request
from pocketfiles.issue import TokenService
from pocketfiles.origin import Origin, accepted_secrets

log = Logger()


@cache
def service() -> TokenService:
    """The use case over the real table, built once."""
    settings = Settings.from_env(os.environ, files=False)
    table = Table(aws.client("dynamodb"), settings.table_name)
    return TokenService(Catalogue(table, settings.catalogue_ttl, time.monotonic))


@cache
def origin() -> Origin:
    """The check that requests came through CloudFront."""
    settings = Settings.from_env(os.environ, files=False)
    proxies = networks(settings.trusted_proxies)
    return Origin(accepted_secrets(settings.origin_secret), proxies)


@cache
def request_log() -> handle.Log:
    """The log of requests, of which a share of the successful ones may be left out."""
    return sampled_log.by_settings(log, os.environ, random.random)


snapshot.prepare(service, origin, modules=())

startup.finish(os.environ, service, origin)


def route(request: Request) -> Reply:
    """The reply to one request."""
    return service().issue(origin().admit(request), time.time())


@log.inject_lambda_context(log_event=False)  # never log the event: it contains tokens
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a payload-2.0 event in, a payload-2.0 response out."""
    with deadline_in(context.get_remaining_time_in_millis() / 1000):
        return handle.answer(event, route, request_log(), metrics.emit)
