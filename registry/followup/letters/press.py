"""The press: a process of its own that sets letters in type, told line by line what to do.

It is started by path with `python -I` and imports nothing of the registry: no database, no network, no file is
within its reach but the empty folder it is given. On standard input one JSON object a line: {"source": Typst text,
"house": Typst text, "data": JSON text, "format": "pdf" | "png" | "text" | "letters", "day": seconds since 1970}.
The answer is one JSON line {"sizes": [bytes of each part], ...} and then these bytes, or {"error": words, "line": n}.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import Any

# The text of a document, header and footer apart, comes from its export as HTML; glyphs that no font has are found by
# asking for PDF/A, which allows none.
STANDARD = ["a-2a"]
PIXELS_PER_INCH = 100


def main(folder: str, cpu_seconds: int) -> None:
    """Answer until standard input ends."""
    _limit(cpu_seconds)
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        head, parts = _answer(json.loads(line), folder)
        out.write(json.dumps(head | {"sizes": [len(part) for part in parts]}).encode() + b"\n")
        for part in parts:
            out.write(part)
        out.flush()


def _limit(cpu_seconds: int) -> None:
    """A template that never ends, or eats memory, ends this process and nothing else."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock remains
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(asked: dict[str, Any], folder: str) -> tuple[dict[str, Any], list[bytes]]:
    typst: Any = importlib.import_module("typst")  # its stubs know no files by name

    if asked["format"] == "letters":
        return {"missing": [each for each in asked["data"] if not _shown(typst, each, folder)]}, []
    files = {"main.typ": asked["source"].encode(), "house.typ": asked["house"].encode()}
    common: dict[str, Any] = {
        "root": folder, "ignore_system_fonts": True, "package_path": folder, "package_cache_path": folder,
        "sys_inputs": {"data": asked["data"]},
    }  # fmt: skip
    try:
        if asked["format"] == "text":
            page = typst.compile(files, format="html", **common)
            return {}, [re.sub(r"<(style|script).*?</\1>", " ", page.decode(), flags=re.S).encode()]
        if asked["format"] == "png":
            made = typst.compile(files, format="png", ppi=PIXELS_PER_INCH, **common)
            return {}, made if isinstance(made, list) else [made]
        pdf = typst.compile(files, format="pdf", timestamp=asked["day"], pdf_standards=STANDARD, **common)
        told = json.loads(typst.query(files, "<starts>", field="value", **common))
        found = told[0] if told else {"starts": [], "pages": 0}
        return {"starts": found["starts"], "pages": found["pages"]}, [pdf]
    except RuntimeError as error:
        line = re.search(r"main\.typ:(\d+)", str(getattr(error, "diagnostic", "")))
        words = str(getattr(error, "message", error))
        return {"error": words, "line": int(line.group(1)) if line else None}, []


def _shown(typst: Any, letter: str, folder: str) -> bool:
    """Whether some font of the press has this letter."""
    source = f'#set document(title: "x")\n#set text(font: {FONTS})\n#"\\u{{{ord(letter):x}}}"'
    try:
        typst.compile(
            {"main.typ": source.encode()},
            format="pdf",
            root=folder,
            ignore_system_fonts=True,
            pdf_standards=STANDARD,
        )
    except RuntimeError:
        return False
    return True


FONTS = '("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")'

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
