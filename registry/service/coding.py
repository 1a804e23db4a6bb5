"""Codes for people at a form: words to codes, and a code's names and neighbours."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound
from registry.service.operations import Context, operation

_MOST = 50
_SITE, _MORPHOLOGY = re.compile(r"C\d{2}\.?\d"), re.compile(r"\d{4}(/\d)?")
_HITS = {
    "rank": pl.Int64, "primarySite": pl.String, "histologicTypeIcdO3": pl.String, "behaviorCodeIcdO3": pl.String,
    "laterality": pl.String, "score": pl.Float64, "site": pl.String, "morphology": pl.String, "words": pl.String,
    "why": pl.String,
}  # fmt: skip


@operation("code.search", secret=("text",))
def search(
    context: Context, text: str, limit: int = 5, year: int | None = None, sex: str | None = None
) -> pl.DataFrame:
    """Codes for the words of a diagnosis, best first.

    Args:
        text: as a pathologist writes it; it is not written to the audit trail.
        year: year of diagnosis: only combinations that are legal then.
        sex: NAACCR code; leaves out sites that cannot be.

    Returns:
        frame[rank, primarySite, histologicTypeIcdO3, behaviorCodeIcdO3, laterality, score, site, morphology, words, why]:
        names of site and morphology, the words of the text that matched, and how in one line.
    """
    from registry.coding.search import find

    if not 1 <= limit <= _MOST:
        raise BadInput("code search", f"{limit} hits can't be asked for", f"ask for 1 to {_MOST}")
    if not text.strip():
        return pl.DataFrame(schema=_HITS)
    hits = find.search_codes(text, limit=limit, year=year, sex=sex or None)
    rows = [
        (
            rank,
            hit.primarySite,
            hit.histologicTypeIcdO3,
            hit.behaviorCodeIcdO3,
            hit.laterality,
            float(hit.score),
            hit.site,
            hit.morphology,
            ", ".join(dict.fromkeys([*hit.site_words, *hit.morphology_words])),
            hit.why,
        )
        for rank, hit in enumerate(hits, 1)
    ]
    return pl.DataFrame(rows, schema=_HITS, orient="row")


@operation("code.term")
def term(context: Context, code: str) -> dict[str, Any]:
    """What an ICD-O-3 code means: {code, kind, name, also, neighbours}.

    Args:
        code: topography (C504 or C50.4) or morphology (8500 or 8500/3).

    Returns:
        `also` lists further names; `neighbours` is frame[code, name] of the codes beside it: the other sites of
        its group, the other morphologies of its first three digits.

    Raises:
        BadInput: it looks like neither. NotFound: there is no such code.
    """
    from registry.coding.search.terms import morphology_names, site_names

    written = code.strip().upper()
    if _SITE.fullmatch(written):
        wanted = written.replace(".", "")
        return _described(wanted, "topography", dict(site_names()), wanted[:3])
    if _MORPHOLOGY.fullmatch(written):
        names = morphology_names()
        if "/" not in written:
            behaviors = sorted(name for name in names if name.startswith(written))
            written = next((name for name in behaviors if name.endswith("/3")), (behaviors or [written])[0])
        return _described(written, "morphology", dict(names), written[:3])
    raise BadInput("code", f"{code!r} is no ICD-O-3 code", "write it as C504 or 8500/3")


@cache
def _all_names(kind: str) -> dict[str, tuple[str, ...]]:
    """Code → every name that is searched."""
    from registry.coding.search.terms import morphology_terms, site_terms

    names: dict[str, dict[str, None]] = {}
    for one in site_terms() if kind == "topography" else morphology_terms():
        names.setdefault(one.code, {})[one.name] = None
    return {code: tuple(found) for code, found in names.items()}


def _described(code: str, kind: str, names: dict[str, str], group: str) -> dict[str, Any]:
    if code not in names:
        raise NotFound(
            f"code {code}", f"there is no such {kind} code in ICD-O-3", "look for its words instead"
        )
    others = [name for name in _all_names(kind).get(code, ()) if name != names[code]]
    beside = [(other, name) for other, name in names.items() if other.startswith(group) and other != code]
    return {
        "code": code,
        "kind": kind,
        "name": names[code],
        "also": others,
        "neighbours": pl.DataFrame(
            sorted(beside), schema={"code": pl.String, "name": pl.String}, orient="row"
        ),
    }
