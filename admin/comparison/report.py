"""Writes the report of a comparison: ``report.json`` for programs, ``report.html`` for people."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from ..wording import counted
from .journal import Result

_EXAMPLES = 3
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       color-scheme: light dark; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top;
         overflow-wrap: anywhere; }
figure { display: inline-block; margin: .5rem 1rem .5rem 0; }
img { max-width: 30rem; max-height: 20rem;
      background: repeating-conic-gradient(#ccc 0 25%, #fff 0 50%) 0 / 16px 16px; }
.pair { border-top: 1px solid #8886; overflow-x: auto; white-space: nowrap; }
.pair p { margin: .5rem 0 0; overflow-wrap: anywhere; white-space: normal; }
.finding { border-left: .4rem solid #c33; padding-left: 1rem; }
.verdict { font-size: 1.3rem; }
"""


def summary(results: Iterable[Result], parameters: Mapping[str, Any], total: int) -> dict[str, Any]:
    """The report as plain values.

    ``deviations`` counts requests by the name in docs/compatibility.md; ``complete`` says whether
    all chosen requests were compared.
    """
    results = sorted(results, key=lambda result: result.request)
    by_deviation: dict[str, list[str]] = defaultdict(list)
    for result in results:
        deviations = {each.deviation for each in result.differences if each.deviation}
        for name in deviations:
            by_deviation[name].append(result.request)
    return {
        **parameters,
        "requests": total,
        "compared": len(results),
        "complete": len(results) == total,
        "equal": sum(not result.differences for result in results),
        "deviations": {
            name: {"requests": len(found), "examples": found[:_EXAMPLES]}
            for name, found in sorted(by_deviation.items())
        },
        "findings": [asdict(result) for result in results if result.is_finding],
    }


def write(folder: Path, content: Mapping[str, Any], results: Iterable[Result]) -> None:
    """Write both forms of the report into a folder."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    page = _page(content, list(results))
    (folder / "report.json").write_text(f"{text}\n", "utf-8")
    (folder / "report.html").write_text(page, "utf-8")


def _page(content: Mapping[str, Any], results: Sequence[Result]) -> str:
    findings = content["findings"]
    compared = content["compared"]
    verdict = f"All {compared} requests are answered alike, but for named deviations."
    if findings:
        verdict = f"{len(findings)} of {compared} requests differ in a way that nothing explains."
    if not content["complete"]:
        left = content["requests"] - compared
        verdict += f" {left} requests are still to be compared."
    shown = "".join(_finding(each) for each in findings) or "<p>None.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>Comparison with PocketBase</title>
<style>{_STYLE}</style></head><body>
<h1>Comparison with PocketBase</h1>
<p>{escape(str(content["pocketbase"]))} and {escape(str(content["files"]))}</p>
<p class="verdict">{escape(verdict)}</p>
<h2>Findings</h2>{shown}
<h2>Deviations</h2>
<p>Differences on purpose; docs/compatibility.md has the reason for each.</p>
{_deviations(content["deviations"], results)}
</body></html>
"""


def _finding(found: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each['what'])}</td><td>{escape(each['pocketbase'])}</td>"
        f"<td>{escape(each['files'])}</td><td>{escape(each['deviation'] or 'finding')}</td></tr>"
        for each in found["differences"]
    )
    return (
        f'<section class="finding"><h3>{escape(found["request"])}</h3>'
        "<table><tr><th>what</th><th>PocketBase</th><th>PocketFiles</th><th>deviation</th></tr>"
        f"{rows}</table>{_pictures(found['request'], found['pictures'])}</section>"
    )


def _deviations(found: Mapping[str, Any], results: Sequence[Result]) -> str:
    parts = []
    for name, each in found.items():
        requests = "".join(f"<li>{escape(request)}</li>" for request in each["examples"])
        showing = _showing(results, name)
        shown = "".join(_pictures(result.request, result.pictures) for result in showing)
        count = counted(each["requests"], "request")
        parts.append(f"<h3>{escape(name)}: {count}</h3><ul>{requests}</ul>{shown}")
    return "".join(parts)


def _showing(results: Sequence[Result], deviation: str) -> list[Result]:
    """The results whose pictures show this deviation."""
    return [result for result in results if result.pictures and _shows(result, deviation)]


def _shows(result: Result, deviation: str) -> bool:
    pictures = (each for each in result.differences if each.what == "picture")
    return any(each.deviation == deviation for each in pictures)


def _pictures(request: str, names: Sequence[str]) -> str:
    """The pictures of both sides, side by side, under the request that gave them."""
    if not names:
        return ""
    captions = ("PocketBase", "PocketFiles")
    figures = "".join(
        f'<figure><img src="{escape(name)}" alt="{caption}\'s picture"><figcaption>{caption}'
        "</figcaption></figure>"
        for name, caption in zip(names, captions, strict=True)
    )
    return f'<div class="pair"><p>{escape(request)}</p>{figures}</div>'
