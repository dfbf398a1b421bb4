"""``python -m benchmarks``: every measurement with its defaults, or the ones that are named."""

import argparse
import subprocess
import sys

BENCHMARKS = ("coldstart", "warm", "throughput", "rules", "thumbs", "formats")

parser = argparse.ArgumentParser(
    prog="python -m benchmarks",
    description="Measure, and print ratios. `python -m benchmarks.NAME --help` has its options.",
)
parser.add_argument(
    "names",
    nargs="*",
    metavar="NAME",
    help=f"one or more of {', '.join(BENCHMARKS)}; by default all",
)

names = parser.parse_args().names or BENCHMARKS
unknown = sorted(set(names) - set(BENCHMARKS))
if unknown:
    parser.error(f"there is no benchmark {', '.join(unknown)}")
for name in names:
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
