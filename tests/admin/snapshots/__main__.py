"""Many seeds by hand: ``python -m tests.admin.snapshots [COUNT] [FIRST]``."""

import sys

from tests.admin.snapshots.world import run

given = [int(each) for each in sys.argv[1:]]
count, first = (given + [1000, 0][len(given) :])[:2]
busy = 0
for seed in range(first, first + count):
    try:
        busy += run(seed).busy
    except AssertionError:
        print(f"seed {seed}", flush=True)
        raise
print(f"{count} seeds, none decided wrongly; {busy} answers were 503")
