"""Head and neck, brain and all other sites for one pair of tumors, with the questions of `primaries_row_by_row`."""

from __future__ import annotations

from itertools import combinations

from tests.property.primaries_row_by_row import (
    MULTIPLE,
    QUESTIONABLE,
    SINGLE,
    Answer,
    Rule,
    Tumor,
    both,
    either_way,
    in_situ_after,
    invasive_after,
    invasive_soon,
    listed,
    maybe,
    no_other,
    opposite,
    order,
    other_organ,
    overlap,
    same_code,
    sides,
    sides_known,
    subtypes,
    table,
    time,
    together,
    value,
    years_apart,
)

# -- head and neck

PARTS = "C000+C003 C001+C004|C030 C031|C050 C051 C052|C300 C301|C310 C311 C312 C313|C080 C081|C320 C321 C322 C323|C410 C411|C130 C131 C132|C754 C755"


def parts(a: Tumor, b: Tumor) -> Answer:
    for group in PARTS.split("|"):
        for one, other in combinations(group.split(), 2):
            if either_way(a.site, b.site, one.replace("+", " "), other.replace("+", " ")):
                return MULTIPLE
    return None


def paired_neck(a: Tumor, b: Tumor) -> Answer:
    pairs = ("C079", "C080 C081", "C098 C099", "C301", "C310 C312", "C754")
    return sides(a, b) if any(a.site in pair.split() and b.site in pair.split() for pair in pairs) else None


NECK_ROWS, NECK_SUBTYPES = "head_and_neck_2018_table_for_site", "head_and_neck_2018_subtypes_for_site"


def neck_subtypes(a: Tumor, b: Tumor) -> Answer:
    one, other = table(NECK_ROWS).get(a.site), table(NECK_ROWS).get(b.site)
    if one is None or other is None:
        return QUESTIONABLE
    if one != other:
        return None
    if value(a, NECK_ROWS, a.site) is None or value(b, NECK_ROWS, b.site) is None:
        return None if a.hist == b.hist else QUESTIONABLE
    sub_a, sub_b = value(a, NECK_SUBTYPES, a.site), value(b, NECK_SUBTYPES, b.site)
    if table(NECK_SUBTYPES).get(a.site) != table(NECK_SUBTYPES).get(b.site) or sub_a is None or sub_b is None:
        return None
    return None if overlap(sub_a, sub_b) else MULTIPLE


def neck_rows(a: Tumor, b: Tumor) -> Answer:
    if table(NECK_ROWS).get(a.site) != table(NECK_ROWS).get(b.site):
        return MULTIPLE
    if {a.site, b.site} <= {"C479", "C754", "C755"} and either_way(a.hist, b.hist, "8690", "8690 8693"):
        return QUESTIONABLE
    one, other = value(a, NECK_ROWS, a.site), value(b, NECK_ROWS, b.site)
    return MULTIPLE if one is not None and other is not None and not overlap(one, other) else None


def neck_same_row(a: Tumor, b: Tumor) -> Answer:
    one, other = value(a, NECK_ROWS, a.site), value(b, NECK_ROWS, b.site)
    if one is None or other is None:
        return SINGLE if a.code == b.code else QUESTIONABLE
    return SINGLE if overlap(one, other) else None


HEAD_AND_NECK: list[Rule] = [
    ("M3", parts),
    ("M4", other_organ),
    ("M5", paired_neck),
    ("M6", time(5)),
    ("M7", neck_subtypes),
    ("M8", neck_rows),
    ("M9", in_situ_after),
    ("M10", invasive_soon),
    ("M11", invasive_after),
    ("M12", neck_same_row),
    ("M13", no_other),
]

# -- brain and nerves


def glioblastoma(a: Tumor, b: Tumor) -> Answer:
    if a.hist == b.hist or "9440" not in (a.hist, b.hist):
        return None
    if not (listed(a, "glial_tumor_2018") and listed(b, "glial_tumor_2018")):
        return None
    later = order(a, b)
    if later is None:
        return maybe(MULTIPLE)
    return MULTIPLE if later and (a, b)[later - 1].hist == "9440" else None


def brain_parts(nerves: str):
    def part(site: str) -> str:
        if site.startswith("C71"):
            return "brain"
        if site in ("C722", "C723", "C724", "C725"):
            return "nerve" if nerves == "one part" else site
        alone = (
            ("C700", "C701", "C720", "C721", "C709")
            if nerves == "parts"
            else ("C700", "C701", "C720", "C721")
        )
        return site if site in alone else "rest"

    return lambda a, b: MULTIPLE if part(a.site) != part(b.site) else None


def in_brain(a: Tumor, b: Tumor) -> bool:
    return both(a, b, "C71") and a.hist == b.hist


MALIGNANT_ROWS = "malignant_cns_2018_table3_rows"


def glioma(a: Tumor, b: Tumor) -> Answer:
    found = [listed(one, "glial_tumor_2018") for one in (a, b)]
    return SINGLE if a.hist != b.hist and "9380" in (a.hist, b.hist) and all(found) else None


def malignant_same(a: Tumor, b: Tumor) -> Answer:
    one, other = value(a, MALIGNANT_ROWS), value(b, MALIGNANT_ROWS)
    if same_code(a, b):
        return SINGLE
    if one is None or other is None:
        return QUESTIONABLE
    return SINGLE if overlap(one, other) else None


def malignant_different(a: Tumor, b: Tumor) -> Answer:
    return QUESTIONABLE if "8000" in (a.hist, b.hist) else MULTIPLE


MALIGNANT_BRAIN: list[Rule] = [
    ("M7", glioblastoma),
    ("M8", lambda a, b: SINGLE if in_brain(a, b) else None),
    ("M9", brain_parts("parts")),
    ("M10", subtypes("malignant_cns_2018_table3_subtypes")),
    ("M11", glioma),
    ("M12", malignant_same),
    ("M13", malignant_different),
]


def bilateral(a: Tumor, b: Tumor) -> Answer:
    sites = ("C700", "C710", "C711", "C712", "C713", "C714", "C722", "C723", "C724", "C725")
    if a.code != b.code or a.code not in ("9560/0", "9421/1") or not {a.site, b.site} <= set(sites):
        return None
    return (SINGLE if opposite(a, b) else None) if sides_known(a, b) else maybe(SINGLE)


def benign_in_brain(a: Tumor, b: Tumor) -> Answer:
    if not in_brain(a, b):
        return None
    several = a.hist == "9413" or (a.hist == "9509" and a.behavior != b.behavior)
    return QUESTIONABLE if several else SINGLE


def benign_row(tumor: Tumor) -> str | None:
    return value(tumor, f"non_malignant_cns_{2023 if tumor.year >= 2023 else 2018}_table6_rows")


def benign_same(a: Tumor, b: Tumor) -> Answer:
    if same_code(a, b):
        return SINGLE
    if benign_row(a) is None or benign_row(b) is None:
        return QUESTIONABLE
    return SINGLE if benign_row(a) == benign_row(b) else None


GLIAL = (
    "9383/1 9384/1 9394/1 9412/1 9413/0 9421/1 9431/1 9432/1 9444/1 9492/0 9493/0 9505/1 9506/1 9509/0 9509/1"
)


def benign_subtypes(a: Tumor, b: Tumor) -> Answer:
    name = "non_malignant_cns_2018_table6_subtypes"
    return MULTIPLE if a.hist != b.hist and listed(a, name) and listed(b, name) else None


def meningiomas(a: Tumor, b: Tumor) -> Answer:
    found = listed(a, "cns_2018_meningiomas") and listed(b, "cns_2018_meningiomas")
    return SINGLE if a.site == b.site == "C700" and found else None


BENIGN_BRAIN: list[Rule] = [
    ("M7", bilateral),
    ("M8", brain_parts("one part")),
    ("M9", benign_subtypes),
    ("M10", meningiomas),
    ("M11", benign_in_brain),
    ("M12", benign_same),
    ("M13", lambda a, b: SINGLE if either_way(a.code, b.code, "9380/1", GLIAL) else None),
    ("M14", lambda a, b: QUESTIONABLE if "8000" in (a.hist, b.hist) else MULTIPLE),
]

# -- other sites

OTHER_ROWS, OTHER_SUBTYPES = (
    "other_sites_2023_table_rows_for_site",
    "other_sites_2023_table_subtypes_for_site",
)
ACINAR = "8140/2 8140/3 8201/3 8260/3 8230/3 8500/3 8572/3 8574/3 8480/3 8490/3"


def acinar(a: Tumor, b: Tumor) -> Answer:
    name = "adenocarcinoma_prostate_subtypes"
    return SINGLE if a.site == b.site == "C619" and listed(a, name) and listed(b, name) else None


def small_cell(a: Tumor, b: Tumor) -> Answer:
    if not (a.site == b.site == "C619" and either_way(a.code, b.code, "8041/3", ACINAR)):
        return None
    later = order(a, b)
    if later is None:
        return maybe(MULTIPLE)
    return MULTIPLE if later and (a, b)[later - 1].code == "8041/3" else None


def thyroid(a: Tumor, b: Tumor) -> Answer:
    kinds = all(listed(one, "follicular") or listed(one, "papillary") for one in (a, b))
    return together(a, b) if a.site == b.site == "C739" and kinds else None


def anaplastic(a: Tumor, b: Tumor) -> Answer:
    other = " ".join(table("other_thyroid_histologies")[""])
    return MULTIPLE if a.site == b.site == "C739" and either_way(a.code, b.code, "8021/3", other) else None


def ovary(a: Tumor, b: Tumor) -> Answer:
    if not (a.site == b.site == "C569" and a.hist <= "8799" and b.hist <= "8799"):
        return None
    row = value(a, OTHER_ROWS, a.site)
    alike = a.hist == b.hist or (row is not None and row == value(b, OTHER_ROWS, b.site))
    return together(a, b) if alike else None


PAIRED = (
    "C384 C400 C401 C402 C403 C441 C442 C443 C444 C445 C446 C447 C471 C472 C491 C492 C569 C570 C62 C630 C631 "
    "C69 C74 C754"
)


def paired(a: Tumor, b: Tumor) -> Answer:
    return sides(a, b) if any(both(a, b, organ) for organ in PAIRED.split()) else None


def polyposis(a: Tumor, b: Tumor) -> Answer:
    polyp = " ".join(table("polyp")[""])
    fits = both(a, b, "C17") and "3" in (a.behavior, b.behavior) and either_way(a.hist, b.hist, "8220", polyp)
    return SINGLE if fits else None


def fourth(a: Tumor, b: Tumor) -> Answer:
    return MULTIPLE if a.site[:3] in ("C21", "C40", "C41", "C44", "C49") and a.site != b.site else None


def polyp_tumors(a: Tumor, b: Tumor) -> Answer:
    if not {a.behavior, b.behavior} <= {"2", "3"}:
        return None
    polyps = [listed(one, "polyp") for one in (a, b)]
    gland = [listed(one, "adenocarcinoma_nos") or listed(one, "adenocarcinoma_specific") for one in (a, b)]
    mixed = (polyps[0] and gland[1]) or (polyps[1] and gland[0])
    return SINGLE if mixed and not all(polyps) else None


def polyps(a: Tumor, b: Tumor) -> Answer:
    fits = {a.behavior, b.behavior} <= {"2", "3"} and listed(a, "polyp") and listed(b, "polyp")
    return SINGLE if fits else None


def other_subtypes(a: Tumor, b: Tumor) -> Answer:
    one, other = value(a, OTHER_SUBTYPES, a.site), value(b, OTHER_SUBTYPES, b.site)
    return MULTIPLE if one is not None and other is not None and not overlap(one, other) else None


def other_same_row(a: Tumor, b: Tumor) -> Answer:
    rows = table(OTHER_ROWS).get(a.site)
    if rows is None or rows != table(OTHER_ROWS).get(b.site):
        return None
    row = value(a, OTHER_ROWS, a.site)
    alike = same_code(a, b) or (row is not None and row == value(b, OTHER_ROWS, b.site))
    return together(a, b) if alike else None


def other_different(a: Tumor, b: Tumor) -> Answer:
    if same_code(a, b):
        return None
    found = []
    for one in (a, b):
        row = value(one, OTHER_ROWS, one.site)
        if row is None and one.hist in table("other_sites_2023_table_2")[""]:
            row = f"{one.hist} in table 2"
        found.append(row)
    if None in found:
        return QUESTIONABLE
    return MULTIPLE if found[0] != found[1] else None


OTHER_SITES: list[Rule] = [
    ("M3", acinar),
    ("M4", small_cell),
    ("M5", lambda a, b: SINGLE if listed(a, "retino_blastoma") and listed(b, "retino_blastoma") else None),
    ("M6", lambda a, b: SINGLE if a.hist == b.hist == "9140" else None),
    ("M7", thyroid),
    ("M8", anaplastic),
    ("M9", ovary),
    ("M10", paired),
    ("M11", polyposis),
    ("M12", lambda a, b: {True: MULTIPLE, None: maybe(MULTIPLE), False: None}[years_apart(a, b, 1)]),
    ("M13", other_organ),
    ("M14", fourth),
    ("M15", polyp_tumors),
    ("M16", polyps),
    ("M17", other_subtypes),
    ("M18", other_same_row),
    ("M19", other_different),
    ("M20", invasive_after),
    ("M21", no_other),
]

SITES: dict[str, list[Rule]] = {
    "str_2018_and_later_head_and_neck": HEAD_AND_NECK,
    "str_2018_and_later_malignant_cns": MALIGNANT_BRAIN,
    "str_2018_and_later_non_malignant_cns": BENIGN_BRAIN,
    "str_2023_and_later_other_sites": OTHER_SITES,
}
