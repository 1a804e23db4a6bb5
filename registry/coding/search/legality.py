"""Which sites go with which morphologies: SEER's lists by year, where tumors usually arise, how common they are."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from registry.coding import reference
from registry.coding.search.terms import site_hints, site_names

SKIN = "C44"
NOT_REPORTABLE_ON_SKIN = range(8000, 8111)
"""SEER's lists leave these out for skin because nobody reports them; they are legal codes all the same."""
ANYWHERE = "C809"


@cache
def allowed_sites(year: int | None) -> dict[str, frozenset[str]]:
    """Histology, and histology with behavior, → sites on SEER's list of the year (both lists when None).

    >>> "C504" in allowed_sites(2020)["8500/3"], "C619" in allowed_sites(None)["8530"]
    (True, False)
    """
    allowed: dict[str, set[str]] = defaultdict(set)
    wanted = ("2015", "2018") if year is None else ("2018",) if year >= 2018 else ("2015",)
    for listed, histology, behavior, sites in reference.table("site_histology_lists.csv.gz").iter_rows():
        if listed in wanted:
            allowed[histology].update(sites.split())
            allowed[f"{histology}/{behavior}"].update(sites.split())
    return {code: frozenset(sites) for code, sites in allowed.items()}


def is_legal(site: str, morphology: str, year: int | None = None) -> bool:
    """Whether SEER's list of the year does not question a combination.

    Benign and borderline tumors and histologies that no list names are not questioned, because the lists hold only
    what was reportable in their year; nor are combinations that registries did code (SEER's list may be overridden
    after review, and newer editions of it took many of them in).

    >>> is_legal("C504", "8500/3"), is_legal("C710", "8500/3"), is_legal("C446", "8070/3")
    (True, False, True)
    """
    histology, _, behavior = morphology.partition("/")
    if behavior in ("0", "1") or (site[:3] == SKIN and int(histology) in NOT_REPORTABLE_ON_SKIN):
        return True
    lists = allowed_sites(year)
    allowed = lists.get(morphology, lists.get(histology))
    return allowed is None or site in allowed or (site, morphology) in commonness()


def is_listed(site: str, morphology: str, year: int | None = None) -> bool:
    """Whether SEER's list has a histology, whatever its behavior, at a site; True when it has it nowhere.

    >>> is_listed("C379", "8580/0"), is_listed("C383", "8580/0")
    (True, False)
    """
    allowed = allowed_sites(year).get(morphology[:4])
    return allowed is None or site in allowed


@dataclass(frozen=True)
class Usual:
    """Where a histology arises.

    Attributes:
        groups: three-character sites.
        site: the site when none is named, "" when the lists decide.
        sure: the site goes before what NAACCR's list says behind a term.
    """

    groups: frozenset[str] = frozenset()
    site: str = ""
    sure: bool = False


NOWHERE_SPECIAL = Usual()


@cache
def usual_places() -> dict[int, Usual]:
    """Histology → where it arises.

    A later range adds to an earlier one; a row for a single histology replaces what was said before, and is sure.
    """
    usual: dict[int, Usual] = {}
    for histologies, groups, site in reference.table("usual_sites.csv").iter_rows():
        three = frozenset(
            f"C{number:02d}"
            for first, last in re.findall(r"C(\d\d)(?:-C(\d\d))?", groups)
            for number in range(int(first), int(last or first) + 1)
        )
        for first, last in re.findall(r"(\d{4})(?:-(\d{4}))?", histologies):
            for number in range(int(first), int(last or first) + 1):
                before = usual.get(number, NOWHERE_SPECIAL) if last else NOWHERE_SPECIAL
                usual[number] = Usual(before.groups | three, site or before.site, not last and bool(site))
    return usual


@cache
def usual_site(morphology: str, named: tuple[str, ...] = (), year: int | None = None) -> str:
    """The site of a morphology when none is named: a legal one when there is any.

    Args:
        morphology: such as "8720/3".
        named: sites behind the term that was found, which say more than the code does.
        year: year of diagnosis.

    >>> usual_site("8720/3"), usual_site("9440/3"), usual_site("8170/3"), usual_site("8010/3")
    ('C449', 'C719', 'C220', 'C809')
    """
    usual = usual_places().get(int(morphology[:4]), NOWHERE_SPECIAL)
    hinted = site_hints().get(morphology, ())
    first = usual.sure or any(usual.site.startswith(hint) for hint in named or hinted)
    exact = [site for site in named if len(site) == 4]
    choices = [
        *exact,
        usual.site if first else "",
        *map(whole_site, named),
        usual.site,
        *map(whole_site, hinted),
    ]
    return next(
        (site for site in choices if site and is_legal(site, morphology, year)), commonest(morphology, year)
    )


def whole_site(hint: str) -> str:
    """A site for a group: "C22" → "C229" or else "C220", whichever there is."""
    return (
        hint
        if len(hint) == 4
        else next((site for site in (f"{hint}9", f"{hint}0") if site in site_names()), "")
    )


def commonest(morphology: str, year: int | None) -> str:
    """The legal site where a morphology is commonest, unknown primary when that is legal or nothing is."""
    if is_legal(ANYWHERE, morphology, year):
        return ANYWHERE
    seen = {site: often for (site, code), often in commonness().items() if code == morphology}
    allowed = allowed_sites(year).get(morphology) or allowed_sites(year).get(morphology[:4]) or frozenset()
    legal = sorted(
        site for site in {*seen, *allowed} if site in site_names() and is_legal(site, morphology, year)
    )
    return max(legal, key=lambda site: (seen.get(site, 0.0), site[3] == "9"), default=ANYWHERE)


@cache
def commonness() -> dict[tuple[str, str], float]:
    """Site and morphology → logarithm (base 10) of one plus the cases in a million."""
    rows = reference.table("site_histology_frequency.csv.gz").iter_rows()
    return {
        (site, f"{histology}/{behavior}"): math.log10(1 + int(count))
        for site, histology, behavior, count in rows
    }
