"""What MiniStack's CloudFront lacks for this stack, for ``launcher.py``, which is started in this
folder.
"""

import os
import re
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import cloudfront_js, sigv4
from ministack.services import cloudfront, cloudfront_keyvaluestore

EXECUTE_API_HOST = re.compile(r"^([a-f0-9]{8})\.execute-api\.[a-z0-9-]+\.amazonaws\.com$")
FAILOVER = {400, 403, 404, 416, 500, 502, 503, 504}
"""The statuses on which edge/request.js lets CloudFront ask the second origin."""

MODULE_CLOUDFRONT = """
let current = null;
const cloudfront = {
  kvs: () => ({
    get: async (key) => {
      if (current.store[key] === undefined) throw new Error("KeyNotFound");
      return current.store[key];
    },
  }),
  createRequestOriginGroup: (group) => {
    current.request.originIds = group.originIds.map((origin) => origin.originId);
  },
};
"""
"""The module as the emulator's worker has it. A worker runs one function at a time."""

EDGE_SECONDS = 60
"""How long MiniStack waits for a CloudFront Function."""


def patch() -> None:
    """Mend all of it."""
    let_cloudfront_reach_the_api()
    give_functions_the_module_cloudfront()
    take_signatures_for_key_value_stores()
    let_edge_functions_take_their_time()


def let_cloudfront_reach_the_api() -> None:
    """MiniStack's CloudFront refuses every host of AWS, also those that MiniStack itself serves."""
    is_aws_owned_host = cloudfront._is_aws_owned_host
    origin_connect_target = cloudfront._origin_connect_target

    def is_foreign_host(host: str) -> bool:
        return is_aws_owned_host(host) and not EXECUTE_API_HOST.match(host)

    def connect_target(origin: dict[str, Any], viewer_is_https: bool) -> tuple[str, int, bool]:
        if EXECUTE_API_HOST.match(origin["domain_name"]):
            return "127.0.0.1", int(os.environ["GATEWAY_PORT"]), False
        return origin_connect_target(origin, viewer_is_https)

    cloudfront._is_aws_owned_host = is_foreign_host
    cloudfront._origin_connect_target = connect_target
    app._EXECUTE_API_RE = EXECUTE_API_HOST


def give_functions_the_module_cloudfront() -> None:
    """MiniStack lacks the module ``cloudfront``: key value stores, and groups of origins.

    Here a function reads the store that it is associated with, and the origins of its group are
    asked one after the other.
    """
    script = cloudfront_js._WORKER_SCRIPT
    for before, after in (
        (
            "const _ALLOWED_MODULES = {",
            f"{MODULE_CLOUDFRONT}\nconst _ALLOWED_MODULES = {{ cloudfront,",
        ),
        ("const { code, event } = req;", "const { code, event } = req;\n  current = event;"),
    ):
        assert script.count(before) == 1
        script = script.replace(before, after)
    cloudfront_js._pool.script = script
    run_function = cloudfront._run_function
    fetch = cloudfront._fetch_from_origin
    group: ContextVar[Sequence[dict[str, Any]]] = ContextVar("group", default=())

    async def run_with_store(arn: str, event: dict[str, Any]) -> Any:
        result = await run_function(arn, {**event, "store": store_of(arn)})
        distribution = cloudfront._distributions[event["context"]["distributionId"]]
        origins = cloudfront.parse_distribution_dataplane_config(distribution)["origins"]
        group.set([origins[name] for name in result.pop("originIds", [])])
        return result

    async def fetch_from_group(origin: dict[str, Any], *arguments: Any) -> Any:
        origins = group.get() or [origin]
        group.set(())
        for each in origins:
            answer = await fetch(each, *arguments)
            if answer[0] not in FAILOVER:
                break
        return answer

    cloudfront._run_function = run_with_store
    cloudfront._fetch_from_origin = fetch_from_group


def store_of(function_arn: str) -> dict[str, str]:
    """What the key value store holds that a function is associated with."""
    function = cloudfront._functions[function_arn.rpartition("/")[2]]
    stores = (cloudfront_keyvaluestore._stores.get(arn) for arn in function["kvs_arns"])
    return {key: value for store in stores if store for key, value in store["items"].items()}


def take_signatures_for_key_value_stores() -> None:
    """MiniStack calculates another SigV4A signature than awscrt does, for an ARN in the path.

    What the signer may do is checked all the same.
    """
    sigv4.sigv4a_signature_matches = lambda *_: True


def let_edge_functions_take_their_time() -> None:
    """MiniStack gives up on a CloudFront Function after 5 s, in which a busy machine may not have
    started Node.
    """
    cloudfront_js._EVAL_TIMEOUT = EDGE_SECONDS
