"""Great Expectations at work: suites in, verdicts and data docs out. Only the child process imports this."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from expectations.checks import CRITICAL, SEVERITIES, Check, Suite
from expectations.pages import index_page, make_offline
from registry.errors import NotReady

SHOWN = 5
"""At most so many failing rows are named in one sentence."""


def judge(suites: list[Suite], out: Path) -> dict[str, Any]:
    """Run the suites in an in-memory context and write their pages.

    Args:
        suites: from `expectations.suites.all_suites`.
        out: folder for the pages; the docs of an earlier run in it are replaced.

    Returns:
        The result of `expectations.check`.

    A suite is successful when nothing critical failed.
    """
    context = _context(out)
    for part in ("validations", "expectations", "static"):
        shutil.rmtree(out / part, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    details = [_run(context, suite) for suite in suites]
    context.build_data_docs()
    make_offline(out)
    index_page(out, details)
    findings = [finding for suite in details for finding in suite["findings"]]
    findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    failures = [finding["plain"] for finding in findings]
    passed = sum(suite["passed"] for suite in details)
    good = sum(suite["success"] for suite in details)
    return {
        **{severity: sum(suite[severity] for suite in details) for severity in SEVERITIES},
        "suites": len(details),
        "suites_passed": good,
        "suites_failed": len(details) - good,
        "expectations": passed + len(failures),
        "passed": passed,
        "failed": len(failures),
        "failures": failures,
        "details": details,
        "data_docs": str((out / "index.html").resolve()),
    }


def _context(out: Path) -> Any:
    try:
        import great_expectations as gx
    except ImportError:
        raise NotReady(
            "quality suites", "Great Expectations is not installed", "install the project again"
        ) from None
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(out.resolve())}
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": store,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    for name in context.get_site_names():
        context.delete_data_docs_site(name)
    context.add_data_docs_site("registry", site)
    return context


def _run(context: Any, suite: Suite) -> dict[str, Any]:
    import great_expectations as gx
    from great_expectations import expectations as kinds

    expectations = [
        getattr(kinds, check.kind)(
            **{name: value for name, value in check.arguments.items() if value is not None},
            description=check.plain,
            meta={"number": number},
            severity=check.severity,
        )
        for number, check in enumerate(suite.checks)
    ]
    asset = context.data_sources.add_pandas(suite.name).add_dataframe_asset("figures")
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite.name,
            data=asset.add_batch_definition_whole_dataframe("all"),
            suite=context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=expectations)),
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=suite.name, validation_definitions=[validation], result_format="COMPLETE")
    )
    outcome = checkpoint.run(
        batch_parameters={"dataframe": suite.frame}, run_id=gx.RunIdentifier(run_name=suite.name)
    )
    results = [result for run in outcome.run_results.values() for result in run.results]
    checked = [(suite.checks[result.expectation_config.meta["number"]], result) for result in results]
    findings = [
        {"severity": check.severity, "plain": _sentence(suite, check, result)}
        for check, result in checked
        if not result.success
    ]
    findings.sort(key=lambda finding: (SEVERITIES.index(finding["severity"]), finding["plain"]))
    counts = {severity: sum(f["severity"] == severity for f in findings) for severity in SEVERITIES}
    return {
        "suite": suite.name,
        "title": suite.title,
        "success": not counts[CRITICAL],
        "passed": len(results) - len(findings),
        "failed": len(findings),
        **counts,
        "failures": [finding["plain"] for finding in findings],
        "findings": findings,
    }


def _sentence(suite: Suite, check: Check, result: Any) -> str:
    """What was expected and what was found instead."""
    if result.exception_info and result.exception_info.get("raised_exception"):
        return f"{check.plain}: could not be judged"
    places = (result.result or {}).get("unexpected_index_list") or []
    found = []
    for row in suite.frame.iloc[places[:SHOWN]].to_dict("records"):
        where = " ".join(str(row[name]) for name in check.names if name in row)
        what = f"{round(float(row[check.value]), 2):g}" if check.value else ""
        found.append(": ".join(part for part in (where, what) if part))
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return f"{check.plain}; found {', '.join(found)}{more}" if found else f"{check.plain}; it does not hold"
