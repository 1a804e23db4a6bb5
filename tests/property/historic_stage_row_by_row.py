"""Historic stage of one tumor at a time, written slowly from its definition, to compare with."""

from __future__ import annotations

from functools import cache

from registry.coding import reference

Tumor = dict[str, str | None]


def historic_stage(tumor: Tumor, last_year: int) -> str | None:
    year_text = (tumor["dateOfDiagnosis"] or "")[:4]
    if not digits(year_text) or not 1900 < int(year_text) <= last_year:
        return "9"
    year = int(year_text)
    site, histology = site_digits(tumor["primarySite"]), tumor["histologicTypeIcdO3"]
    coded = digits(site) and digits(histology) and int(site) <= 999 and 8000 <= int(histology) <= 9999
    if not coded:
        return "6" if year >= 2004 else "9"
    if year >= 2004:
        return _collaborative(tumor, site, histology)
    if tumor["codingSystemForEod"] is None:
        return "7"
    stage = _before_2004(tumor, year, site, histology)
    return "9" if int(histology) == 9140 and year <= 1983 else stage


def _collaborative(tumor: Tumor, site: str, histology: str) -> str:
    if tumor["typeOfReportingSource"] == "7" and not find("leukemia", site, histology):
        return "9"
    schema = find("cs_schema", site, histology)
    extension, nodes, metastases = tumor["csExtension"], tumor["csLymphNodes"], tumor["csMetsAtDx"]
    if schema is None or not all(digits(text) for text in (extension, nodes, metastases)):
        return "6"
    recode = _extension_recode(tumor, schema, int(site), int(histology))
    stage = find(
        "cs_stage", recode, find("cs_nodes", schema, nodes), find("cs_metastases", schema, metastases)
    )
    return stage or "6"


def _extension_recode(tumor: Tumor, schema: str, site: int, histology: int) -> str | None:
    recode = find("cs_extension", schema, tumor["csExtension"])
    extension = int(tumor["csExtension"] or "")
    elsewhere = 0 <= site <= 419 or 422 <= site <= 423 or 425 <= site <= 809
    if extension == 800 and histology in (9823, 9827) and elsewhere:
        recode = "9"
    if schema == "62" and recode == "1" and tumor["csSiteSpecificFactor2"] in ("010", "10"):
        recode = "2"
    if schema == "58" and extension in (50, 70):
        recode = {"2": "0", "3": "1"}.get(tumor["behaviorCodeIcdO3"] or "")
    if schema == "49":
        recode = _pleura(extension, tumor["csSiteSpecificFactor1"])
    return recode


def _pleura(extension: int, factor_1: str | None) -> str | None:
    if not digits(factor_1):
        return None
    fluid = int(factor_1 or "")
    if 690 <= extension <= 850:
        return "7" if fluid in (0, 10, 20, 30, 999) else None
    for low, high, dry in ((100, 305, "1"), (420, 650, "2"), (950, 999, "9")):
        if low <= extension <= high:
            return dry if fluid in (0, 10, 999) else "7" if fluid in (20, 30) else None
    return None


def _before_2004(tumor: Tumor, year: int, site: str, histology: str) -> str | None:
    system = tumor["codingSystemForEod"]
    if system == "4":
        return _eod_10(tumor, year, site, histology)
    if system not in ("0", "1", "2", "3"):
        return None
    first = find("eod_exceptions", tumor["typeOfReportingSource"], site, histology)
    if first is not None:
        return first
    if system == "3":
        return _eod_4(tumor["eodOld4Digit"] or "", site, histology)
    if system == "2":
        code = tumor["eodOld13Digit"]
        return _eod_13(code, site, histology) if code is not None and len(code) == 13 else None
    code = tumor["eodOld2Digit"]
    if code is None:
        return None
    if len(code) != 2:
        return "9"
    if system == "0":
        return find("eod_0_stage", site, histology, *code) or "9"
    return _eod_2(code, site, histology) or "9"


def _eod_10(tumor: Tumor, year: int, site: str, histology: str) -> str:
    place, kind = int(site), int(histology)
    registry = tumor["registryId"]
    if digits(registry) and int(registry or "") == 1535 and 1988 <= year <= 1991:
        return "7"
    if tumor["typeOfReportingSource"] == "7":
        return "4" if find("leukemia", site, histology) else "9"
    extension, nodes = tumor["eodExtension"], tumor["eodLymphNodeInvolv"]
    stage = None
    if digits(extension) and digits(nodes):
        recode = find("eod_10_extension", str(year), site, histology, extension)
        if 500 <= place <= 509 and int(extension or "") == 5:
            recode = {"2": "1", "3": "2"}.get(tumor["behaviorCodeIcdO3"] or "", recode)
        skin = 440 <= place <= 449 or 510 <= place <= 519 or place in (600, 601, 602, 608, 609, 632)
        if skin and 8720 <= kind <= 8790 and int(nodes or "") == 3 and int(extension or "") == 99:
            recode = "3"
        stage = find("eod_10_stage", recode, find("eod_10_nodes", site, histology, nodes))
    if stage == "0" and 670 <= place <= 679:
        stage = "1"
    if 710 <= place <= 719 and (8000 <= kind <= 9529 or 9540 <= kind <= 9589):
        stage = "9"
    return stage or "9"


def _eod_4(code: str, site: str, histology: str) -> str:
    extension, nodes = (code[place : place + 1].strip() or "99" for place in (2, 3))
    if int(site) == 569 and code[:2] == "02" and digits(extension) and int(extension) > 0:
        return "4"
    return find("eod_4_stage", histology, site, extension, nodes) or "9"


def _eod_13(code: str, site: str, histology: str) -> str:
    place, kind = int(site), int(histology)
    digit = dict(enumerate(code, 1))
    if not 8000 <= kind <= 9589:
        return "9"
    skin = 440 <= place <= 447 or 510 <= place <= 519 or 600 <= place <= 609
    if 340 <= place <= 349:
        stage = find("eod_13_lung", *(digit[n] for n in range(4, 14)))
    elif skin and 8720 <= kind <= 8799:
        stage = find("eod_13_melanoma", site, *(digit[n] for n in (5, 6, 9, 10, 11, 12, 13)))
    elif 670 <= place <= 679:
        stage = find("eod_13_bladder", *(digit[n] for n in (5, 6, 7, 9, 10, 11, 12, 13)))
    else:
        extension = find("eod_13_extension", site, *(digit[n] for n in (4, 5, 6, 7, 8, 13))) or "99"
        nodes = find("eod_13_nodes", site, *(digit[n] for n in (7, 8, 9, 10, 11, 12))) or "99"
        stage = find("eod_13_stage", site, extension, nodes)
    return stage or "9"


def _eod_2(code: str, site: str, histology: str) -> str | None:
    stage = find("eod_2_direct", site, histology, *code)
    if stage is not None:
        return stage
    extension = find("eod_2_extension", histology, site, *code) or "99"
    solid = 8000 <= int(histology) <= 9589
    nodes = (find("eod_2_nodes", site, *code) if solid else None) or "99"
    return find("eod_2_stage", site, histology, extension, nodes)


def digits(text: str | None) -> bool:
    return bool(text) and text.isascii() and text.isdecimal()  # type: ignore[union-attr]


def site_digits(site: str | None) -> str:
    text = site or ""
    return text[1:] if text[:1] in ("C", "c") else text


@cache
def find(table: str, *values: str | None) -> str | None:
    """Result of the first row that all values meet."""
    for conditions, result in _rows(table):
        if all(means(condition, value) for condition, value in zip(conditions, values, strict=True)):
            return result
    return None


def means(condition: str, value: str | None) -> bool:
    """Numbers are compared as numbers (05 is 5), signs as they are."""
    return (int(value or "") if digits(value) else value) in _members(condition)


@cache
def _members(condition: str) -> frozenset[int | str]:
    members: set[int | str] = set()
    for part in condition.split():
        low, _, high = part.partition("-")
        members |= set(range(int(low), int(high or low) + 1)) if digits(low) else {part}
    return frozenset(members)


@cache
def _rows(table: str) -> list[tuple[list[str], str]]:
    rows = reference.table("historic_stage.csv.gz").rows(named=True)
    return [
        ([part.partition("=")[2] for part in row["conditions"].split("; ")], row["result"])
        for row in rows
        if row["table"] == table
    ]
