"""``python -m benchmarks``: every measurement with its defaults, one after the other."""

import subprocess
import sys

for name in ("coldstart", "warm", "throughput", "thumbs"):
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
