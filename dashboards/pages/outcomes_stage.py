"""Stage: how it is distributed, and whether better staging moved people between stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import outcome_words, panel
from dashboards.components.figures import look, shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_DISTRIBUTION: Final = "outcomes.stage"
_MIGRATION: Final = "outcomes.migration"


def distribution(page: Asked) -> None:
    """A bar a group, filled by the stages."""
    a, _rest = page.chosen.row([2, 7])
    by = page.by(a, default="year", without=("stage",))
    asked = page.arguments | {"by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_DISTRIBUTION, **asked)
    table = answer["table"]
    if not table["percent"].drop_nulls().len():
        _nothing(answer)
        return
    groups = outcome_words.groups_of(answer, table)
    panel.show(
        shares.stacked(
            table.with_columns(part=pl.col("stage")),
            groups[-outcome_words.MOST_ROWS :],
            look.names(table["stage"]),
            x_title="Share of tumors",
        ),
        answer,
        key="outcomes_stage",
        title=page.title("Stage at diagnosis", by),
        operation=_DISTRIBUTION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=outcome_words.shares(table, {"group": "Group", "stage": "Stage"}, int(answer["threshold"])),
        columns={},
    )
    panel.about(answer)


def migration(page: Asked) -> None:
    """Shares of stages in two periods and survival in each, as it is and with the mix of stages held still."""
    answer = _asked_migration(page)
    table = answer["shares"]
    if not table.height or not table["percent"].drop_nulls().len():
        _nothing(answer)
        return
    panel.show(
        shares.stacked(
            table.with_columns(group=pl.col("period"), part=pl.col("stage")),
            look.names(table["period"]),
            look.names(table["stage"]),
            x_title="Share of tumors",
        ),
        answer,
        key="outcomes_migration",
        title="Stage migration: stages by period of diagnosis",
        operation=_MIGRATION,
        arguments=page.arguments,
        pick=lambda found: found["shares"],
        table=_changes(table, int(answer["threshold"])),
        columns={},
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Survival by stage and period")
        st.html(panel.as_table(_survival(answer["survival"]), {}, "Survival by stage and period"))
    with right:
        st.subheader("With the same mix of stages")
        st.html(
            panel.as_table(
                _adjusted(answer["adjusted"]), {}, "Survival of all, observed and with one mix of stages"
            )
        )
        if look.is_known(answer.get("moved")):
            st.caption(
                f"{answer['moved']:.1f} percentage points of the tumors changed their stage group between the periods."
            )
    panel.about(answer)


def _asked_migration(page: Asked) -> dict[str, Any]:
    with st.spinner("Counting…", show_time=False):
        answer: dict[str, Any] = door.figures(_MIGRATION, **page.arguments)
    return answer


def _changes(table: pl.DataFrame, threshold: int) -> pl.DataFrame:
    shown = outcome_words.shares(table, {"stage": "Stage", "period": "Period"}, threshold)
    changes = [
        f"{row['change']:+.1f} ({row['change_lower']:+.1f} to {row['change_upper']:+.1f})"
        if look.is_known(row["change"]) and look.is_known(row["change_lower"])
        else "–"
        for row in table.iter_rows(named=True)
    ]
    return shown.with_columns(pl.Series("Change, points (95 % limits)", changes, dtype=pl.String))


def _survival(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a stage, one column a period."""
    found: dict[str, dict[str, str]] = {}
    for row in frame.iter_rows(named=True):
        entry = found.setdefault(str(row["stage"]), {"Stage": str(row["stage"])})
        entry[str(row["period"])] = outcome_words.share(
            _hundred(row["survival"]), _hundred(row["lower"]), _hundred(row["upper"])
        )
    return pl.DataFrame(list(found.values()))


def _adjusted(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Period": str(row["period"]),
                "Observed": outcome_words.share(_hundred(row["survival"])),
                "Same mix of stages": outcome_words.share(_hundred(row["adjusted"])),
            }
            for row in frame.iter_rows(named=True)
        ]
    )


def _hundred(value: Any) -> float | None:
    """A share of 1 as per cent."""
    return 100 * value if look.is_known(value) else None


def _nothing(answer: dict[str, Any]) -> None:
    empty("No share can be shown.", f"Counts under {answer['threshold']} are hidden; choose wider.")
    panel.about(answer)
