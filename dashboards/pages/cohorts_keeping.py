"""Opening, saving and handing on cohorts: by name, as a link, as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices as lists
from dashboards.components import panel, whom
from dashboards.components.messages import guarded, plain
from dashboards.components.text_file import chosen_text

#: kind of figure → what a cohort that begins with its usual rules is called.
_BEGINNINGS: Final = {"survival": "First primaries, as survival counts", "incidence": "As incidence counts"}


def opening(known: Mapping[str, Any]) -> Any:
    """The row with which a cohort is opened: what is to be opened now, else None."""
    names = whom.saved()
    a, b, c, _rest = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
    turn = lists.round_of("cohort")
    chosen = lists.one_of(a, "Open a saved cohort", names, f"cohort_open_{turn}", nothing="Choose…")
    with b.popover("Begin anew", width="stretch"):
        beginnings = {"": {}, **{kind: rules for kind, rules in known["defaults"].items() if rules}}
        for kind, definition in beginnings.items():
            title = _BEGINNINGS.get(kind, kind) if kind else "All malignant tumors"
            if st.button(title, key=f"cohort_new_{kind}", width="stretch"):
                return definition
    with c.popover("Open YAML", width="stretch"):
        text = chosen_text("Choose a YAML file", key=f"cohort_file_{turn}")
        typed = st.text_area("or paste it here", key=f"cohort_yaml_{turn}", max_chars=64_000)
        if st.button("Open", key="cohort_open_yaml") and typed.strip():
            text = typed
        if text:
            with guarded():
                return door.ask("cohort.load", text=text)["definition"]
    return chosen


def keeping(preview: Mapping[str, Any]) -> None:
    """Save, link, YAML and removal of the cohort that is seen."""
    st.subheader("Keep and hand on")
    if not preview["definition"]:
        st.caption("There is nothing to keep yet.")
        return
    if door.actor().may("cohort.save"):
        _save(preview)
    address = urlsplit(st.context.url or "")
    st.caption(
        "A link that opens this cohort (whoever opens it sees it within their own role and facilities)"
    )
    st.code(f"{address.scheme}://{address.netloc}/cohorts?cohort={quote(preview['link'])}", language=None)
    definition = preview["definition"]
    stem = (
        "".join(c if c.isalnum() else "-" for c in definition.get("name", "cohort").lower())[:60] or "cohort"
    )
    panel.link(
        f"{stem}.yaml",
        "YAML",
        "cohort.preview",
        {"cohort": definition},
        lambda answer: {
            "name": f"{stem}.yaml",
            "media_type": "application/yaml",
            "content": answer["yaml"].encode(),
        },
        what="this cohort",
    )


def _save(preview: Mapping[str, Any]) -> None:
    turn = lists.round_of("cohort")
    with st.form(f"cohort_save_{turn}", border=True):
        a, b = st.columns(2)
        name = a.text_input(
            "Name", preview["definition"].get("name", ""), max_chars=120, key=f"cohort_name_{turn}"
        )
        note = b.text_input("Note", max_chars=300, key=f"cohort_note_{turn}")
        shared = st.toggle("Others may use it", value=True, key=f"cohort_shared_{turn}")
        if not st.form_submit_button("Save", type="primary"):
            return
        with guarded():
            definition = {key: value for key, value in preview["definition"].items() if key != "name"}
            versions = _versions()
            door.act(
                "cohort.save",
                name=name.strip(),
                definition={**definition, "name": name.strip()},
                note=note.strip() or None,
                shared=shared,
                expected_version=versions.get(name.strip()),
            )
            st.success(f"{plain(name.strip())} is saved.", icon=":material/check_circle:")


def _versions() -> dict[str, int]:
    frame = door.ask("cohort.list").filter(pl.col("owner") == door.actor().name)
    return {str(name): int(version) for name, version in frame.select("name", "version").iter_rows()}


def remove() -> None:
    """The saved cohorts as a table, with removal of one's own."""
    frame = door.figures("cohort.list")
    if not frame.height:
        return
    me = door.actor().name
    with st.expander(f"Saved cohorts ({frame.height})"):
        for row in frame.iter_rows(named=True):
            a, b, c, d = st.columns([3, 5, 2, 2], vertical_alignment="center")
            a.write(plain(row["name"]))
            b.caption(plain(" · ".join(filter(None, (row["description"], row["note"])))))
            c.caption(plain(row["owner"]) + ("" if row["shared"] else ", not shared"))
            if row["owner"] == me and d.button("Remove", key=f"cohort_remove_{row['name']}", type="tertiary"):
                with guarded():
                    door.act("cohort.remove", name=row["name"], expected_version=row["version"])
                    st.rerun()
