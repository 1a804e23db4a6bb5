"""Pages, and who sees which: a page is offered when the role may run what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.navigation.page import Page

    from dashboards.door import Actor

#: address | title | icon | operations of which a role needs one
PAGES: Final = (
    ("overview", "Overview", ":material/monitoring:", "overview.summary"),
    ("survival", "Survival", ":material/stacked_line_chart:", "survival.kaplan_meier"),
    ("incidence", "Incidence", ":material/ssid_chart:", "rates.table"),
    ("outcomes", "Outcomes", ":material/local_hospital:", "outcomes.stage"),
    ("cohorts", "Cohorts", ":material/group_work:", "cohort.preview"),
    ("quality", "Quality", ":material/fact_check:", "quality.summary"),
    ("audits", "Audits", ":material/grading:", "audits.list audits.mine"),
    ("monitor", "Monitor", ":material/inbox:", "monitor.facilities"),
    ("follow-up", "Follow-up", ":material/event_repeat:", "followup.rates"),
    ("submissions", "Submissions", ":material/outbox:", "submission.list disclosures.of_patient"),
    ("jobs", "Jobs", ":material/schedule:", "jobs.list"),
    ("record", "Record", ":material/clinical_notes:", "records.search"),
    ("account", "Account", ":material/manage_accounts:", "account.me"),
)
#: Reached by the name at the top right, not by the row of pages.
_HIDDEN: Final = frozenset({"account"})


def pages_for(actor: Actor) -> list[Page]:
    """The pages that this person may open; the first is the home page.

    The same page objects serve links between pages (`page`). The addresses of the other pages say that they belong to
    another role; no row of pages and no link leads there.
    """
    import streamlit as st

    offered = [entry for entry in PAGES if opens(actor, entry[3])]
    made = {
        path: st.Page(
            _show(path),
            title=title,
            icon=icon,
            url_path=path,
            default=position == 0,
            visibility=_visibility(path),
        )
        for position, (path, title, icon, _operation) in enumerate(offered)
    }
    st.session_state["_pages"] = made
    refused = [
        st.Page(_refuse(path, title, actor.role), title=title, icon=icon, url_path=path, visibility="hidden")
        for path, title, icon, _operation in PAGES
        if path not in made
    ]
    return [*made.values(), *refused]


def opens(actor: Actor, operations: str) -> bool:
    """Whether the role may run one of these operations (names with blanks between)."""
    return any(actor.may(name) for name in operations.split())


def _visibility(path: str) -> Literal["visible", "hidden"]:
    return "hidden" if path in _HIDDEN else "visible"


def page(path: str) -> Any | None:
    """The page of an address when this person has it, for `st.switch_page`."""
    import streamlit as st

    return st.session_state.get("_pages", {}).get(path)


def _refuse(path: str, title: str, role: str) -> Callable[[], None]:
    def run() -> None:
        import streamlit as st

        st.title(title)
        st.warning(
            f"This page is not part of your role ({role}). If your work needs it, ask the registry's administrator.",
            icon=":material/lock:",
        )

    run.__name__ = path.replace("-", "_")
    return run


def _show(path: str) -> Callable[[], None]:
    def run() -> None:
        import importlib

        importlib.import_module(f"dashboards.pages.{path.replace('-', '_')}").show()

    run.__name__ = path.replace("-", "_")
    return run
