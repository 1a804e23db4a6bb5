"""Run the suites: `python -m expectations.run --frames DIR --out DIR [--json]`.

Exit code 0: nothing critical failed; 1: something critical failed; 2: could not be run (one JSON line on stderr says why).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from registry.errors import RegistryError


def main(arguments: list[str] | None = None) -> int:
    """Entry point; prints one JSON object (with --json) or a few lines on stdout."""
    parser = argparse.ArgumentParser(prog="python -m expectations.run", description=__doc__)
    parser.add_argument("--frames", type=Path, required=True, help="folder with the frames (Parquet)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the data docs (HTML, offline)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, nothing else")
    options = parser.parse_args(arguments)
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            result = run(options.frames, options.out)
    except RegistryError as error:
        told = {"where": error.where, "what": error.what, "action": error.action}
        print(json.dumps(told) if options.json else str(error), file=sys.stderr)
        return 2
    except OSError as error:
        told = {
            "where": options.out.name,
            "what": f"cannot be written ({error.strerror})",
            "action": "choose a folder",
        }
        print(json.dumps(told), file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result))
    else:
        print(
            f"{result['suites_passed']} of {result['suites']} suites passed; data docs: {result['data_docs']}"
        )
        print("\n".join(result["failures"]))
    return 0 if result["suites_failed"] == 0 else 1


def run(frames: Path, out: Path) -> dict[str, Any]:
    """Judge the frames of a folder and write the data docs; the result of `expectations.check`."""
    from expectations.judge import judge
    from expectations.suites import all_suites

    return judge(all_suites(frames), out)


if __name__ == "__main__":
    sys.exit(main())
