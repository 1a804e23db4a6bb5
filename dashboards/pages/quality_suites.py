"""What the nightly suites said: one line a suite, what failed in plain words, where the pages lie."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted

_WORDS: Final = {"critical": "Critical", "warning": "Warning", "info": "For information"}
_ICONS: Final = {"critical": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


@st.fragment
def show() -> None:
    with guarded():
        result = door.figures("quality.suites")
        if not result:
            empty(
                "The suites have not run yet.", "They run every night; `registry quality run` runs them now."
            )
            return
        details = result.get("details") or []
        _head(result)
        for column, suite in zip(st.columns(max(len(details), 1), gap="small"), details, strict=False):
            good = bool(suite.get("success"))
            column.metric(
                str(suite.get("title") or suite.get("suite")),
                f"{suite.get('passed', 0)} of {suite.get('passed', 0) + suite.get('failed', 0)}",
                delta="passed" if good else counted(int(suite.get("critical", 0)), "critical finding"),
                delta_color="green" if good else "red",
                delta_arrow="off",
                border=True,
            )
        for suite in details:
            _findings(suite)
        if not details:
            for line in result.get("failures") or []:
                st.warning(plain(str(line)))


def _head(result: dict[str, Any]) -> None:
    total, good = int(result.get("suites", 0)), int(result.get("suites_passed", 0))
    if total == good:
        st.success(f"All {total} suites passed.", icon=":material/check_circle:")
    else:
        st.error(
            f"{good} of {total} suites passed. A suite fails when something critical is wrong.",
            icon=":material/error:",
        )
    if result.get("data_docs"):
        st.caption("The pages with every check (figures only, no patients) lie on the server in:")
        st.code(str(result["data_docs"]), language=None)


def _findings(suite: dict[str, Any]) -> None:
    findings = suite.get("findings") or []
    if not findings:
        return
    title = str(suite.get("title") or suite.get("suite"))
    with st.expander(f"{title} · {counted(len(findings), 'finding')}", expanded=not suite.get("success")):
        for severity, word in _WORDS.items():
            told = [finding for finding in findings if finding.get("severity") == severity]
            if told:
                st.markdown(f"{_ICONS[severity]} **{word}**")
                st.markdown("\n".join(f"- {plain(str(finding['plain']))}" for finding in told))
