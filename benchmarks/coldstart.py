"""Cold start: a fresh process that imports a handler and builds its clients, compared with one that
only imports boto3 and makes an S3 and a DynamoDB client.

    make stack          # builds the layers, once
    python -m benchmarks.coldstart [--runs N]

The functions run as they are shipped: from the built layers, by Python 3.13, with bytecode. boto3
comes as a whole from the emulator's environment. Without a build, everything runs in this
environment, with the whole SDK.

Prints medians of the processor time of the process, the interpreter's start included, and their
ratio. The runs alternate. Tidying up at the end does not count: Lambda's processes are killed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "coldstart.json"
BUILT = ROOT / ".aws-sam" / "stack"
STACK = ROOT / ".venv-stack"
END = "import os; os._exit(0)"
REFERENCE = "import boto3; boto3.client('s3'); boto3.client('dynamodb')"
FILES = "import files.app; files.app.service()"
TOKENS = "import tokens.app; tokens.app.service()"


@dataclass(frozen=True)
class Program:
    """A program, the Python that runs it, and the folders that it imports from."""

    text: str
    python: str
    path: tuple[Path, ...]


def programs() -> dict[str, Program]:
    """What is compared, by name; the first is the reference."""
    if not (BUILT / "DependenciesLayer").exists() or not (STACK / "python").exists():
        functions = (ROOT / "functions",)
        return {
            "boto3 alone": Program(REFERENCE, sys.executable, ()),
            "files.app": Program(FILES, sys.executable, functions),
            "tokens.app": Program(TOKENS, sys.executable, functions),
        }
    python = (STACK / "python").read_text().strip()
    (whole_sdk,) = STACK.glob("lib/python*/site-packages")
    layer = BUILT / "DependenciesLayer" / "python"
    built = {name: BUILT / f"{name}Function" for name in ("Files", "Tokens")}
    return {
        "boto3 alone": Program(REFERENCE, python, (whole_sdk,)),
        "files.app": Program(FILES, python, (built["Files"], layer)),
        "tokens.app": Program(TOKENS, python, (built["Tokens"], layer)),
        "files.app, whole SDK": Program(FILES, python, (built["Files"], whole_sdk, layer)),
        "files.app, collecting": Program(
            f"import gc; gc.disable = lambda: None; {FILES}", python, (built["Files"], layer)
        ),
    }


def processor_milliseconds(program: Program) -> float:
    """What one fresh process spends on the program."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, program.path)),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "TABLE_NAME": "t",
        "BUCKET_NAME": "b",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = f"{program.text}; {END}"
    subprocess.run([program.python, "-c", text], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    compared = programs()
    times: dict[str, list[float]] = {name: [] for name in compared}
    for program in compared.values():
        processor_milliseconds(program)  # writes bytecode where there is none
    for _ in range(runs):
        for name, program in compared.items():
            times[name].append(processor_milliseconds(program))
    medians = {name: median(found) for name, found in times.items()}
    base = medians["boto3 alone"]
    for name, found in medians.items():
        print(f"{name:22} {found:7.1f} ms  {found / base:5.2f} x")
    RESULT.parent.mkdir(exist_ok=True)
    result = {"python": sys.version, "runs": runs, "milliseconds": times, "medians": medians}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
