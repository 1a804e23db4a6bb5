"""Data docs that open without a network: nothing in a page is loaded from elsewhere, and no script runs."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("data_docs.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style\b.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_LOADED = re.compile(r"<(?:link|img|iframe|source|embed|object)\b[^>]*>", re.DOTALL | re.IGNORECASE)
_FOOTER = re.compile(r"<footer\b.*?</footer\s*>", re.DOTALL | re.IGNORECASE)
_BUTTONS = re.compile(r'<div class="card mb-3">\s*<div class="card-header p-2">\s*<strong>Actions</strong>.*?'
                      r'(?=<div class="card d-md-block)', re.DOTALL)  # fmt: skip
_OUTSIDE = re.compile(r'<a\b[^>]*href="https?://[^"]*"[^>]*>(.*?)</a>', re.DOTALL | re.IGNORECASE)
_HANDLER = re.compile(r'\son\w+="[^"]*"', re.IGNORECASE)


def make_offline(folder: Path) -> None:
    """Rewrite every page of a folder: no script, no link or picture from elsewhere, our own style inside."""
    for page in sorted(folder.rglob("*.html")):
        page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(folder / "static", ignore_errors=True)


def offline(text: str) -> str:
    """One page without anything that is loaded or run.

    >>> offline('<head></head><body><script src="https://x.example/a.js"></script><p>kept</p></body>').count("http")
    1
    """
    for pattern in (_SCRIPT, _STYLE, _LOADED, _FOOTER, _BUTTONS, _HANDLER):
        text = pattern.sub("", text)
    text = _OUTSIDE.sub(r"\1", text)
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head>"
    )
    return re.sub(r"</head\s*>", lambda _: head, text, count=1, flags=re.IGNORECASE)


LEVELS = {"critical": "Needed for certification", "warning": "Needed for a better level", "info": "To watch"}


def index_page(folder: Path, suites: list[dict[str, Any]]) -> None:
    """The first page: each suite with its verdict, what failed in plain words, and where the details are."""
    rows = "".join(_row(folder, suite) for suite in suites)
    failed = sum(not suite["success"] for suite in suites)
    verdict = "All suites passed." if not failed else f"{failed} of {len(suites)} suites failed."
    heads = "".join(f'<th class="number">{words}</th>' for words in LEVELS.values())
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Data quality</title>
<meta name="viewport" content="width=device-width, initial-scale=1.0"></head>
<body><div class="container-fluid narrow"><h1>Data quality</h1>
<p class="lead">{verdict} A suite fails when something that certification needs is not met. Every figure is an aggregate; no record is shown.</p>
<table class="table"><thead><tr><th>Suite</th><th>Verdict</th><th class="number">Passed</th>{heads}<th>Details</th></tr></thead>
<tbody>{rows}</tbody></table>{"".join(map(_findings, suites))}</div></body></html>
"""
    (folder / "index.html").write_text(offline(page), encoding="utf-8")


def _row(folder: Path, suite: dict[str, Any]) -> str:
    results = sorted((folder / "validations" / suite["suite"]).rglob("*.html"))
    links = [("results", results[-1])] if results else []
    links.append(("rules", folder / "expectations" / f"{suite['suite']}.html"))
    details = " · ".join(
        f'<a href="{html.escape(path.relative_to(folder).as_posix())}">{word}</a>'
        for word, path in links
        if path.exists()
    )
    word, kind = ("passed", "success") if suite["success"] else ("failed", "danger")
    counts = "".join(f'<td class="number">{suite[severity]}</td>' for severity in LEVELS)
    return (
        f'<tr><td>{html.escape(suite["title"])}</td><td><span class="badge badge-{kind}">{word}</span></td>'
        f'<td class="number">{suite["passed"]}</td>{counts}<td>{details}</td></tr>'
    )


def _findings(suite: dict[str, Any]) -> str:
    """What failed, the worst first."""
    parts = []
    for severity, words in LEVELS.items():
        said = [finding["plain"] for finding in suite["findings"] if finding["severity"] == severity]
        if said:
            lines = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said)
            parts.append(f"<h3>{words}</h3><ul>{lines}</ul>")
    return f"<h2>{html.escape(suite['title'])}</h2>{''.join(parts)}" if parts else ""
