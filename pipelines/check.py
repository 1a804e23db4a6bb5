"""Quality suites: aggregates from the service, judged by Great Expectations in a process of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import expectations

if TYPE_CHECKING:
    from registry.service.remote import AnySession


def run_suites(session: AnySession, docs: Path) -> dict[str, Any]:
    """Judge the registry by the four suites; write offline data docs; keep the result.

    Args:
        session: local or remote.
        docs: folder for the data docs.

    Returns:
        {suites, suites_passed, critical, warning, info, failures (plain words), data_docs (path of index.html), ...}, see
        `expectations.check`.
    """
    result = judge_suites(session, docs)
    session.run("quality.record_suites", result=result, data_docs=result["data_docs"])
    return result


def judge_suites(session: AnySession, docs: Path, as_of: str | None = None) -> dict[str, Any]:
    """The suites' result, not kept yet; arguments and answer as of `run_suites`.

    The registry's owner writes small frames of counts, because this process cannot open the file beside it; the suites
    run in a third process, because Great Expectations is slow to load.

    Args:
        as_of: the day of judgement; today when absent.
    """
    docs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="registry-suites-") as folder:
        frames = Path(folder)
        session.run("quality.suite_frames", folder=str(frames), as_of=as_of)
        return expectations.check(frames, docs)
