"""Random faults while a thumb is made: whatever is stored or served in the end is right."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Cloud, how_many
from tests.fakes import etag_of
from tests.faults.proxy import Proxy, Rule
from tests.faults.test_faults import FAULTS, thumb
from tests.faults.world import NAME, SIZE, World, new_world, photo

PLACES = [
    "s3 GET /{bucket}/files_id/rec/thumbs_",
    "s3 GET /{bucket}/files_id/rec/photo",
    "s3 PUT /{bucket}/",
    "s3 HEAD /{bucket}/",
    "s3 DELETE /{bucket}/",
    "s3 .* /{bucket}/",
    'dynamodb .*"{table}"',
]
S3_ONLY = {"NoSuchKey", "NoSuchBucket"}
"""Faults that say something is missing. Of the thumb itself that is true, or harmless."""


def try_seed(seed: int, world: World, proxy: Proxy) -> str:
    """Ask for a thumb amid faults, then without; returns what was wrong, or nothing."""
    chance = random.Random(seed)
    world.seed()
    rules = []
    for _ in range(chance.randrange(1, 4)):
        place = chance.choice(PLACES)
        faults = [
            name
            for name in FAULTS
            if name not in S3_ONLY and ("Exception" in name) == place.startswith("dynamodb")
        ]
        pattern = place.format(bucket=world.cloud.bucket, table=world.cloud.table)
        rules.append(Rule(pattern, FAULTS[chance.choice(faults)], chance.randrange(1, 5)))
    proxy.rules[:0] = rules
    right = {etag_of(body) for body in (*world.seeded.values(), thumb())}
    for _ in range(3):
        response = world.ask("GET", NAME, f"thumb={SIZE}")
        is_thumb = response.body == thumb()
        is_fallback = response.body == photo() and response.headers["cache-control"] == "no-store"
        if response.status == 200 and not is_thumb and not is_fallback:
            return f"seed {seed}: other bytes are served"
        if not set(world.stored().values()) <= right:
            return f"seed {seed}: other bytes are stored"
    for rule in rules:
        proxy.rules.remove(rule)
    response = world.ask("GET", NAME, f"thumb={SIZE}")
    is_right = (response.status, response.body) == (200, thumb())
    traces = world.log.traces
    return "" if is_right and not traces else f"seed {seed}: {response.status} in the end, {traces}"


def test_random_faults_leave_no_broken_thumb(direct: Cloud, proxy: Proxy) -> None:
    worlds = [new_world(direct) for _ in range(how_many(12, 470))]
    with ThreadPoolExecutor(12) as pool:
        seeds = range(len(worlds))
        wrong = pool.map(lambda seed: try_seed(seed, worlds[seed], proxy), seeds)
        assert [each for each in wrong if each] == []


pytestmark = pytest.mark.timeout(900)
