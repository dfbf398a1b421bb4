"""Runs a CloudFront Function on an event, in Node or in njs, as one script made of its text."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = (Path(__file__).parent / "cloudfront.js").read_text()
IMPORT = "import cf from 'cloudfront';\n"
ENGINES = tuple(name for name in ("node", "njs") if shutil.which(name))
SECONDS = 30

RUN = """
(async function () {
  for (let i = 0; i < EVENTS.length; i++) {
    chosen.length = 0;
    const result = await handler(EVENTS[i]);
    console.log(JSON.stringify({ result: result, origins: chosen.slice() }));
  }
})();
"""


def run(
    engine: str,
    function: str,
    events: list[dict[str, Any]],
    store: Mapping[str, str],
    tmp_path: Path,
    *,
    store_fails: bool = False,
) -> list[dict[str, Any]]:
    """What ``edge/<function>.js`` returns for each event, and the origins it chose."""
    source = (ROOT / "edge" / f"{function}.js").read_text().replace(IMPORT, "")
    known = (
        f"const STORE = {json.dumps(dict(store))};\n"
        f"const STORE_FAILS = {json.dumps(store_fails)};\n"
        f"const EVENTS = {json.dumps(events)};\n"
    )
    script = tmp_path / f"{function}-{engine}.js"
    script.write_text(known + STAND_IN + source + RUN)
    done = subprocess.run(
        [engine, str(script)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]
