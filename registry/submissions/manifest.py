"""What goes with a file: the manifest (JSON), a cover sheet for people, the count letter of an inter-state exchange.

Counts and names of items, never anything of a single patient.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any, Final

from registry import standards
from registry.submissions.items import ItemPlan, Legal
from registry.submissions.request import Request
from registry.submissions.selection import Selection
from registry.submissions.writing import Written
from registry.version import __version__

WIDTH: Final = 100
CHANGES: Final = ("new", "changed", "deleted", "same")


def make_manifest(
    written: Written,
    request: Request,
    *,
    plan: ItemPlan | None = None,
    selection: Selection | None = None,
    changes: Mapping[str, int] | None = None,
    edits: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that can be said of a file without opening it.

    Args:
        plan: items that were not to leave, with the reason. selection: what was held back, and what was not asked for.
        changes: new, changed, same, deleted → records, against the last accepted submission.
        edits: result of the profile's edit set, such as {edit_set, errors, overridden}.
        extra: what the caller knows beside it (submission, snapshot, user); its keys come first.
    """
    profile, counts = request.profile, written.counts
    found: dict[str, Any] = {
        **(extra or {}),
        "profile": profile.id,
        "profile_version": profile.version,
        "title": profile.title,
        "receiver": profile.receiver,
        "purpose": profile.purpose,
        "legal_basis": profile.legal_basis,
        "file": written.path.name,
        "sha256": written.sha256,
        "bytes": written.size,
        "format": profile.format,
        "record_type": request.type or None,
        "naaccr_version": request.version,
        "dictionary": standards.dictionary(request.version).uri,
        "user_dictionaries": [one.uri for one in Legal(request).dictionaries],
        "software": f"cancer-registry {__version__}",
        "time_generated": request.as_of.isoformat(timespec="seconds"),
        "selection": _asked(request),
        "patients": written.patients,
        "records": written.tumors,
        "values": written.items,
        "first_diagnosis": counts.first,
        "last_diagnosis": counts.last,
        "records_by_diagnosis_year": counts.by_year,
        "records_by_site": counts.by_site,
        "records_by_type_of_source": counts.by_type,
        "items": written.item_counts,
        "validation": {
            "errors": written.errors,
            "warnings": written.warnings,
            "faults": written.faults.to_dicts(),
        },
    }
    if profile.level == "abstract":
        found["records_by_facility"] = counts.by_facility
    if written.linkable is not None:
        found["linkable_patients"] = written.linkable
    if written.required.height:
        found["required"] = written.required.to_dicts()
    if plan is not None:
        found["items_not_sent"] = plan.left_out
    if selection is not None:
        found["held_back"] = selection.held_back().to_dicts()
        found["held_back_records"] = selection.held_counts()
        found["not_asked_for"] = selection.outside
    if changes is not None:
        found["changes"] = {name: int(changes.get(name, 0)) for name in CHANGES}
    if edits is not None:
        found["edits"] = dict(edits)
    if request.remark:
        found["remark"] = request.remark
    return found


def as_text(found: Mapping[str, Any]) -> str:
    """A manifest as it is kept: JSON with one key a line."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _asked(request: Request) -> dict[str, Any]:
    choice = request.profile.selection
    asked = {
        "region": request.region,
        "from_year": request.from_year or choice.first_year,
        "to_year": request.to_year,
        "facility": request.facility,
        "classes": list(choice.classes) or None,
        "statuses": list(choice.statuses) or None,
        "reportable": choice.reportable,
    }
    return {name: value for name, value in asked.items() if value is not None}


# --- for people ----------------------------------------------------------------------------------------------------


def sections(found: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """A manifest as headed lists of (what, value), in the order of the cover sheet."""

    def counted(name: str) -> list[tuple[str, str]]:
        return [(str(key), f"{value:,}") for key, value in found.get(name, {}).items()]

    held = [
        (f"{row['reason']}{', ' + row['detail'] if row['detail'] else ''}", f"{row['records']:,}")
        for row in found.get("held_back", [])
    ]
    held_title = f"Held back: {_number(sum(found.get('held_back_records', {}).values()), 'record')}"
    blank = [
        (f"{row['item']} is blank", f"{row['blank']:,} of {row['records']:,}")
        for row in found.get("required", [])
        if row["blank"]
    ]
    names = {
        "submission": "submission", "title": "what", "receiver": "to", "sender": "from", "made_by": "made by",
        "purpose": "purpose", "legal_basis": "legal basis", "profile": "profile", "profile_version": "profile version",
        "record_type": "record type", "naaccr_version": "NAACCR version", "software": "software",
        "time_generated": "time", "snapshot": "data", "remark": "remark",
    }  # fmt: skip
    head = [(words, str(found[name])) for name, words in names.items() if found.get(name) not in (None, "")]
    asked = [(name.replace("_", " "), _words(value)) for name, value in found.get("selection", {}).items()]
    file = [("name", str(found["file"])), ("bytes", f"{found['bytes']:,}"), ("SHA-256", str(found["sha256"]))]
    valid = found["validation"]
    size = [
        ("patients", f"{found['patients']:,}"), ("records", f"{found['records']:,}"), ("values", f"{found['values']:,}"),
        ("items", f"{len(found['items']):,}"), ("first diagnosis", _day(found["first_diagnosis"])),
        ("last diagnosis", _day(found["last_diagnosis"])), ("errors on reading back", f"{valid['errors']:,}"),
        ("warnings on reading back", f"{valid['warnings']:,}"),
    ]  # fmt: skip
    if "linkable_patients" in found:
        size.append(("patients with enough to be linked by", f"{found['linkable_patients']:,}"))
    every = [
        ("Submission", head), ("File", file), ("Asked for", asked), ("Content", size), ("Changes", counted("changes")),
        (held_title, held), ("Not asked for", counted("not_asked_for")), ("Required items", blank),
        ("Records by diagnosis year", counted("records_by_diagnosis_year")),
        ("Records by site", counted("records_by_site")),
        ("Records by facility", counted("records_by_facility")),
    ]  # fmt: skip
    return [(title, rows) for title, rows in every if rows]


def cover_sheet(found: Mapping[str, Any]) -> str:
    """The cover sheet as plain text, lines of at most a hundred characters where values allow it."""
    lines = [f"{found['title']}", "=" * min(len(found["title"]), WIDTH), ""]
    for title, rows in sections(found):
        lines += [title, "-" * len(title)]
        width = min(max(len(name) for name, _ in rows), 60)
        # Counts stand under one another, right-aligned.
        places = max(len(value) for _, value in rows) if all(map(_is_count, rows)) else 0
        lines += [f"{name:<{width}}  {value:>{places}}" for name, value in rows]
        lines.append("")
    return "\n".join(lines)


_STYLE: Final = (
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c2733;max-width:52rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1rem;margin:1.6rem 0 .3rem;border-bottom:1px solid #c8d1da}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.15rem .5rem .15rem 0;vertical-align:top}"
    "th{font-weight:500;color:#51606f;width:40%}td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}"
    "td.n{text-align:right;width:7rem}th:has(+td.n){width:auto}table:has(td.n){width:32rem;max-width:100%}"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}"
)


def cover_sheet_html(found: Mapping[str, Any]) -> str:
    """The cover sheet as one page that needs nothing else, to be printed or read on screen."""
    parts = []
    for title, rows in sections(found):
        kind = ' class="n"' if all(map(_is_count, rows)) else ""
        cells = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td{kind}>{html.escape(value)}</td></tr>\n'
            for name, value in rows
        )
        parts.append(f"<h2>{html.escape(title)}</h2>\n<table>\n{cells}</table>\n")
    title = html.escape(str(found["title"]))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{''.join(parts)}</body>\n</html>\n"
    )


def count_letter(found: Mapping[str, Any], sender: str, recipient: str) -> str:
    """The letter of an inter-state exchange: how many records, of which years, and the checksum to compare.

    Args:
        sender, recipient: names of the two registries.
    """
    changes, years = found.get("changes", {}), found["records_by_diagnosis_year"]
    deleted = changes.get("deleted", 0)
    rows = [
        f"To:       {recipient}", f"From:     {sender}", f"Date:     {str(found['time_generated'])[:10]}",
        f"Subject:  Inter-registry exchange of cases, {_number(found['records'], 'record')}", "",
        f"This exchange holds {_number(found['records'], 'tumor')} of {_number(found['patients'], 'patient')} living in "
        "your state at diagnosis.", "",
    ]  # fmt: skip
    if changes:
        rows += [f"  new      {changes.get('new', 0):>10,}", f"  changed  {changes.get('changed', 0):>10,}"]
        told = "   (listed in a file of their own)" if deleted else ""
        rows += [f"  deleted  {deleted:>10,}{told}", ""]
    rows += ["Year of diagnosis   Records"]
    rows += [f"  {year:<12}  {count:>11,}" for year, count in years.items()]
    rows += [f"  {'all':<12}  {found['records']:>11,}", ""]
    rows += [f"File:     {found['file']}", f"SHA-256:  {found['sha256']}"]
    if found.get("sealed_sha256"):
        rows.append(f"Sealed:   {found['sealed_sha256']}")
    rows += [
        f"Form:     NAACCR XML, version {found['naaccr_version']}, record type {found['record_type']}",
        "",
    ]
    rows += [
        "Please compare the counts and the checksum, and confirm receipt. The key reaches you separately.",
        "",
    ]
    return "\n".join(rows)


def _is_count(row: tuple[str, str]) -> bool:
    return row[1].replace(",", "").isdigit()


def _day(text: str | None) -> str:
    """A full or partial NAACCR date as people read it.

    >>> _day("20200115"), _day("2021"), _day(None)
    ('2020-01-15', '2021', 'none')
    """
    return "-".join(part for part in ((text or "none")[:4], (text or "")[4:6], (text or "")[6:8]) if part)


def _number(count: int, one: str) -> str:
    """A count with its noun.

    >>> _number(1, "patient"), _number(1200, "tumor")
    ('1 patient', '1,200 tumors')
    """
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
