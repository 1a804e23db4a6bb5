"""Breast, colon, kidney, lung, urinary organs and skin for one pair of tumors, with the questions of `primaries_row_by_row`."""

from __future__ import annotations

from tests.property.primaries_row_by_row import (
    MULTIPLE,
    QUESTIONABLE,
    SINGLE,
    Answer,
    Rule,
    Tumor,
    both,
    different_row,
    either_way,
    far,
    in_situ_after,
    in_situ_after_same_side,
    invasive_after,
    invasive_soon,
    invasive_soon_same_side,
    listed,
    maybe,
    no_other,
    opposite,
    order,
    other_organ,
    same_code,
    same_row,
    sides,
    sides_known,
    subtypes,
    time,
    together,
    value,
    with_table_2,
)

# -- breast


def inflammatory(a: Tumor, b: Tumor) -> Answer:
    return SINGLE if a.code == b.code == "8530/3" else None


def duct_after_mixed(a: Tumor, b: Tumor) -> Answer:
    in_situ = either_way(a.code, b.code, "8500/2", "8522/2 8543/2 8543/3 8523/2")
    if not in_situ and not either_way(a.code, b.code, "8500/3", "8522/3 8541/3 8523/3"):
        return None
    later = order(a, b)
    if later is None:
        return maybe(SINGLE)
    return SINGLE if later == 0 or (a, b)[later - 1].hist == "8500" else None


def breast_same_row(a: Tumor, b: Tumor) -> Answer:
    one, other = value(a, "breast_2018_table3_rows"), value(b, "breast_2018_table3_rows")
    return together(a, b) if same_code(a, b) or (one is not None and one == other) else None


def tables_2_and_3(rows: str, more: str):
    def rule(a: Tumor, b: Tumor) -> Answer:
        one, other = with_table_2(a, rows, more), with_table_2(b, rows, more)
        if same_code(a, b):
            return None
        if one is None or other is None:
            return QUESTIONABLE
        return MULTIPLE if one != other else None

    return rule


BREAST: list[Rule] = [
    ("M4", other_organ),
    ("M5", time(5)),
    ("M6", inflammatory),
    ("M7", sides),
    ("M10", duct_after_mixed),
    ("M11", subtypes("breast_2018_table3_subtypes")),
    ("M12", breast_same_row),
    ("M13", tables_2_and_3("breast_2018_table3_rows", "breast_2018_table2")),
    ("M14", in_situ_after_same_side),
    ("M15", invasive_soon_same_side),
    ("M16", invasive_after),
    ("M17", no_other),
]

# -- colon


def segment(a: Tumor, b: Tumor) -> Answer:
    if "C189" in (a.site, b.site):
        return maybe(MULTIPLE)
    return MULTIPLE if a.site != b.site else None


def colon_subtypes(a: Tumor, b: Tumor) -> Answer:
    name = "colon_2018_table1_subtypes"
    return MULTIPLE if a.hist != b.hist and listed(a, name) and listed(b, name) else None


COLON: list[Rule] = [
    ("M3", lambda a, b: SINGLE if a.hist == b.hist == "8220" else None),
    ("M4", other_organ),
    ("M5", colon_subtypes),
    ("M6", different_row("colon_2018_table1_rows")),
    ("M9", segment),
    ("M10", time(1)),
    ("M11", same_row("colon_2018_table1_rows")),
    ("M12", in_situ_after),
    ("M13", invasive_soon),
    ("M14", invasive_after),
    ("M15", no_other),
]

# -- kidney and lung


def same_row_one_side(a: Tumor, b: Tumor, one: str | None, other: str | None) -> Answer:
    if not same_code(a, b):
        if one is None or other is None:
            return QUESTIONABLE
        if one != other or one == "table 2":
            return None
    long = far(a, b, 60)
    if long is True:
        return None
    if not sides_known(a, b) or long is None:
        return maybe(SINGLE)
    if opposite(a, b):
        return None
    return SINGLE


def kidney_same_row(a: Tumor, b: Tumor) -> Answer:
    name = "kidney_2018_table1_rows"
    answer = same_row_one_side(a, b, value(a, name), value(b, name))
    return QUESTIONABLE if answer == SINGLE and a.hist == b.hist == "8311" else answer


KIDNEY: list[Rule] = [
    ("M3", lambda a, b: MULTIPLE if a.site != b.site else None),
    ("M4", lambda a, b: SINGLE if a.code == b.code == "8960/3" else None),
    ("M5", sides),
    ("M6", time(3)),
    ("M7", subtypes("kidney_2018_table1_subtypes")),
    ("M8", kidney_same_row),
    ("M9", different_row("kidney_2018_table1_rows")),
    ("M10", in_situ_after_same_side),
    ("M11", invasive_soon_same_side),
    ("M12", invasive_after),
    ("M13", no_other),
]

LUNG_ROWS, LUNG_MORE = "lung_2018_table3_rows", "lung_2018_table2"


def neuroendocrine(a: Tumor, b: Tumor) -> Answer:
    kinds = []
    for one in (a, b):
        row = value(one, LUNG_ROWS)
        kinds.append(
            "" if row is None or one.hist == "8013" else "ne" if row in ("8240", "8246") else "other"
        )
    return MULTIPLE if set(kinds) == {"ne", "other"} else None


def lung_same_row(a: Tumor, b: Tumor) -> Answer:
    one, other = (with_table_2(tumor, LUNG_ROWS, LUNG_MORE) for tumor in (a, b))
    return same_row_one_side(a, b, one, other)


def several_tumors(a: Tumor, b: Tumor) -> Answer:
    long = far(a, b, 60)
    if long is True:
        return None
    either_both = "4" in (a.side, b.side)
    if (not either_both and not sides_known(a, b)) or long is None:
        return maybe(SINGLE)
    return SINGLE if either_both or a.side == b.side else QUESTIONABLE


LUNG: list[Rule] = [
    ("M3", other_organ),
    ("M4", time(3)),
    ("M5", neuroendocrine),
    ("M6", subtypes("lung_2018_table3_subtypes", strict=True)),
    ("M7", lung_same_row),
    ("M8", tables_2_and_3(LUNG_ROWS, LUNG_MORE)),
    ("M9", several_tumors),
    ("M10", in_situ_after_same_side),
    ("M11", sides),
    ("M12", invasive_soon),
    ("M13", invasive_after),
    ("M14", no_other),
]

# -- urinary organs

UROTHELIAL = "8120 8031 8082 8130 8020 8122"


def urothelial(a: Tumor, b: Tumor, more: str = "") -> bool:
    return {a.hist, b.hist} <= set((UROTHELIAL + " " + more).split())


def one_site_sides(site: str):
    return lambda a, b: sides(a, b) if a.site == b.site == site else None


def flat(a: Tumor, b: Tumor) -> Answer:
    organs = {a.site[:3], b.site[:3]} == {"C66", "C67"} and "C669" in (a.site, b.site)
    return together(a, b) if organs and a.code == b.code == "8120/2" else None


def of_bladder(behavior: str, more: str):
    def rule(a: Tumor, b: Tumor) -> Answer:
        fits = both(a, b, "C67") and a.behavior == b.behavior == behavior and urothelial(a, b, more)
        return SINGLE if fits else None

    return rule


def urinary_time(a: Tumor, b: Tumor) -> Answer:
    return None if both(a, b, "C67") and urothelial(a, b) else time(3)(a, b)


def several_organs(a: Tumor, b: Tumor) -> Answer:
    organs = both(a, b, "C659", "C669", "C67", "C680") and a.site[:3] != b.site[:3]
    return SINGLE if organs and urothelial(a, b, "8131") else None


URINARY: list[Rule] = [
    ("M3", one_site_sides("C659")),
    ("M4", one_site_sides("C669")),
    ("M5", flat),
    ("M6", invasive_after),
    ("M7", of_bladder("2", "")),
    ("M8", lambda a, b: MULTIPLE if either_way(a.hist, b.hist, "8131", UROTHELIAL) else None),
    ("M9", of_bladder("3", "8131")),
    ("M10", urinary_time),
    ("M11", several_organs),
    ("M12", subtypes("urinary_2018_table2_subtypes", strict=True)),
    ("M13", different_row("urinary_2018_table2_rows")),
    ("M14", other_organ),
    ("M15", same_row("urinary_2018_table2_rows")),
    ("M16", in_situ_after),
    ("M17", invasive_soon),
    ("M18", no_other),
]

# -- melanoma of the skin


def skin_site(a: Tumor, b: Tumor) -> Answer:
    if "C449" in (a.site, b.site):
        return maybe(MULTIPLE)
    return MULTIPLE if a.site != b.site else None


def skin_side(a: Tumor, b: Tumor) -> Answer:
    if a.site in ("C440", "C448", "C449") or "9" in (a.side, b.side) or "" in (a.side, b.side):
        return None
    if not {a.side, b.side} <= {"1", "2", "5"}:
        return maybe(MULTIPLE)
    return MULTIPLE if a.side != b.side else None


def skin_together(a: Tumor, b: Tumor) -> Answer:
    if not all(listed(one, "cutaneous_melanoma_2021_table2_rows") for one in (a, b)):
        return None
    if a.site not in ("C440", "C448", "C449"):
        if not {a.side, b.side} <= {"1", "2", "5"}:
            return QUESTIONABLE
        if a.side != b.side:
            return None
    return {True: None, None: QUESTIONABLE, False: SINGLE}[far(a, b, 60)]


MELANOMA: list[Rule] = [
    ("M3", skin_site),
    ("M4", skin_side),
    ("M5", subtypes("cutaneous_melanoma_2021_table2_subtypes", strict=True)),
    ("M6", skin_together),
    ("M7", lambda a, b: {True: MULTIPLE, None: QUESTIONABLE, False: None}[far(a, b, 60)]),
    ("M8", no_other),
]

ORGANS: dict[str, list[Rule]] = {
    "str_2018_and_later_breast": BREAST,
    "str_2018_and_later_colon": COLON,
    "str_2018_and_later_kidney": KIDNEY,
    "str_2018_and_later_lung": LUNG,
    "str_2018_and_later_urinary": URINARY,
    "str_2021_and_later_cutaneous_melanoma": MELANOMA,
}
