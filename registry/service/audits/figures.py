"""What audits say of a year, in the form in which indicators take figures from outside."""

from __future__ import annotations

import json

import polars as pl

from registry.quality import agreement, casefinding_audit
from registry.service.audits import results as audit_results
from registry.service.audits import rows as audit_rows
from registry.service.audits.casefinding import listed_rows
from registry.service.operations import Context

Figure = tuple[float | None, ...]
"""(value, numerator, denominator)."""


def of_year(context: Context, year: int) -> dict[str, Figure]:
    """Figures of the audits of a year in scope, all of one kind taken together; absent where nothing was audited.

    Returns:
        recode_agreement (items coded alike of items coded twice, %), kappa (mean of the items'), case_finding_audit
        (found of found and missed, %).
    """
    condition, parameters = audit_rows.in_scope(context)
    audits = context.store.query(
        f"SELECT audit_id, kind, definition FROM quality_audit a WHERE year = ? AND {condition} ORDER BY audit_id",
        [year, *parameters],
    )
    coded, lists = [], []
    for audit_id, kind, definition in audits.iter_rows():
        if kind == "casefinding":
            lists.append(listed_rows(context, audit_id))
        else:
            coded.append(audit_results.codings(context, audit_id, json.loads(definition)["items"]))
    found: dict[str, Figure] = {}
    if coded and not (whole := agreement.agreement(pl.concat(coded), by=())).is_empty():
        row = whole.row(0, named=True)
        found["recode_agreement"] = (row["percent"], row["agreed"], row["compared"])
        if row["kappa"] is not None:
            found["kappa"] = (row["kappa"], None, None)
    if lists:
        row = casefinding_audit.completeness(pl.concat(lists)).row(0, named=True)
        if row["cases"]:
            found["case_finding_audit"] = (row["percent"], row["found"], row["cases"])
    return found
