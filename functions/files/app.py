"""GET, HEAD and OPTIONS of a file, and the JSON 404 of every other path and method."""

from pocketfiles import startup

startup.begin()

import os
import random
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from files import build
from pocketfiles import aws, handle, metrics, sampled_log, snapshot
from pocketfiles.addresses import networks
from pocketfiles.audit_log import AuditLog
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.deadline import deadline_in
from pocketfiles.http.messages import Reply, Request
from pocketfiles.key_path import as_file_request
from pocketfiles.origin import Origin, accepted_secrets
from pocketfiles.serve import FileService
from pocketfiles.storage import Storage

log = Logger()


@cache
def service() -> FileService:
    """The use case over the real table and bucket, built once."""
    settings = Settings.from_env(os.environ, files=True)
    table = Table(aws.client("dynamodb"), settings.table_name)
    storage = Storage(aws.client("s3"), settings.bucket_name, aws.presigning_client)
    return build.file_service(settings, table, storage)


@cache
def origin() -> Origin:
    """The check that requests came through CloudFront."""
    settings = Settings.from_env(os.environ, files=True)
    proxies = networks(settings.trusted_proxies)
    return Origin(accepted_secrets(settings.origin_secret), proxies)


@cache
def request_log() -> handle.Log:
    """The log of requests, of which a share of the successful ones may be left out."""
    return sampled_log.by_settings(log, os.environ, random.random)


@cache
def audit_log() -> AuditLog | None:
    """The audit log, if there is one."""
    return build.audit_log(os.environ)


snapshot.prepare(
    service, origin, audit_log, modules=("pocketfiles.thumbs.render", "pocketfiles.rules.evaluate")
)

startup.finish(os.environ, service, origin)


def route(request: Request) -> Reply:
    """The reply to one request."""
    admitted = origin().admit(request)
    return service().answer(as_file_request(admitted), time.time())


@log.inject_lambda_context(log_event=False)  # never log the event: it contains tokens
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a payload-2.0 event in, a payload-2.0 response out."""
    audits = audit_log()
    audit = audits.of_request(context.aws_request_id) if audits else None
    with deadline_in(context.get_remaining_time_in_millis() / 1000):
        return handle.answer(event, route, request_log(), metrics.emit, audit)
