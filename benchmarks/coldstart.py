"""Cold start: a fresh process that imports a handler and builds its clients, compared with one that
only imports boto3 and makes an S3 and a DynamoDB client.

    python -m benchmarks.coldstart [--runs N]

Prints medians of the processor time of the whole process, interpreter included, and their ratio.
The runs alternate.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "coldstart.json"
PROGRAMS = {
    "boto3 alone": "import boto3; boto3.client('s3'); boto3.client('dynamodb')",
    "files.app": "import files.app; files.app.service()",
    "tokens.app": "import tokens.app; tokens.app.service()",
}


def processor_milliseconds(program: str) -> float:
    """What one fresh process spends on the program."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "TABLE_NAME": "t",
        "BUCKET_NAME": "b",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for name, program in PROGRAMS.items():
        processor_milliseconds(program)  # writes the bytecode that Lambda's layers ship
        times[name].clear()
    for _ in range(runs):
        for name, program in PROGRAMS.items():
            times[name].append(processor_milliseconds(program))
    medians = {name: median(found) for name, found in times.items()}
    base = medians["boto3 alone"]
    for name, found in medians.items():
        print(f"{name:12} {found:7.1f} ms  {found / base:5.2f} x")
    RESULT.parent.mkdir(exist_ok=True)
    result = {"python": sys.version, "runs": runs, "milliseconds": times, "medians": medians}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
