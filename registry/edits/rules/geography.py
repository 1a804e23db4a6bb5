"""Where the patient lived at diagnosis: state, county, country, postal code, census tract."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry import standards
from registry.coding import reference
from registry.edits import places
from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY, matching
from registry.edits.terms import blank

STATE, COUNTRY = "addrAtDxState", "addrAtDxCountry"


@edit(
    "state-dx-valid",
    message="{addrAtDxState} is not a state, province or special code",
    items=[STATE],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["IA", "ON", "PR", "CD", "US", "XX", "YY", "ZZ", ""],
    fails=["QQ", "ia", "19", "IOWA"],
)
def state_valid(value: pl.Expr) -> pl.Expr:
    """Listed states and provinces, and CD, US, XX, YY, ZZ."""
    return ~value.is_in(places.state_codes())


@edit(
    "country-dx-valid",
    message="{addrAtDxCountry} is not a country code (three letters)",
    items=[COUNTRY],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["USA", "CAN", "ZZU", "XNI", ""],
    fails=["US", "usa", "QQQ", "USAA"],
)
def country_valid(value: pl.Expr) -> pl.Expr:
    """ISO 3166-1 codes and NAACCR's own."""
    return ~value.is_in(sorted(standards.code_set(COUNTRY)))


edit(
    "county-dx-valid",
    message="{countyAtDx} is not a county code (three digits; 998 outside the state, 999 unknown)",
    items=["countyAtDx"],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["001", "153", "510", "998", "999", ""],
    fails=["000", "15", "1A3", "1530"],
    notes="Whether the state has the county is for `state-county`.",
)(lambda value: ~value.str.contains("^[0-9]{3}$") | (value == "000"))


edit(
    "postal-valid",
    message="{addrAtDxPostalCode} is not a postal code (5 or 9 digits, or in Canada like A1A1A1)",
    severity=WARNING,
    items=["addrAtDxPostalCode"],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["52240", "522401234", "K1A0B1", "888888888", "999999999", "999999", ""],
    fails=["5224", "5224012345", "52240-1234", "522401", "K1A 0B1", "k1a0b1", "1A1A1A", "KA10B1", "XK1A0B1"],
    notes="Six nines are accepted beside the catalogue's codes: item 100 has them for an unknown Canadian "
    "code. Codes of other countries are not known to this edit, which sees the code alone; those that look "
    "different are informed of.",
)(matching("[0-9]{5}|[0-9]{9}|[A-Z][0-9][A-Z][0-9][A-Z][0-9]|999999"))


@edit(
    "tract-valid",
    message="A census tract is not six digits from 000100 to 999998, 000000 or 999999",
    items=["censusTract2010", "censusTract2020"],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["000100 | 999998", "000000 | 999999", "001100 | ", " | 000100"],
    fails=["000099 | ", " | 000001", "11.00 | ", " | 1100", "01100A | ", " | 0001000"],
)
def tract_valid(value: pl.Expr) -> pl.Expr:
    """Both censuses alike."""
    too_small = value.str.starts_with("0000") & (value != "000000")
    return ~value.str.contains("^[0-9]{6}$") | too_small


@edit(
    "state-county",
    message="County {countyAtDx} does not exist in {addrAtDxState}",
    items=[STATE, "countyAtDx"],
    category="geography",
    source="County list by state of the U.S. Census; NAACCR item 90",
    requires=[STATE],
    passes=[
        "IA | 153",
        "IA | 999",
        "IA | 998",
        "XX | 999",
        "XX | 998",
        "YY | ",
        "ZZ | 153",
        "ON | ",
        "ON | 998",
        "US | ",
        "IA | 1A3",
        " | 153",
    ],
    fails=["IA | 154", "DC | 003", "IA | ", "PR | 002", "XX | 153", "YY | 997"],
    notes="The null rule is lifted for a blank county: a resident of a known US state has one, or 999. "
    "998 needs the registry's own state and is accepted. Outside the United States and Canada (XX, YY) no county "
    "belongs; those of other addresses without a county list are not tested.",
)
def state_county() -> pl.Expr:
    """County lists of all censuses together, so that retired counties stay legal."""
    abroad = pl.col(STATE).is_in(["XX", "YY"]) & ~pl.col("countyAtDx").is_in(["998", "999"])
    return places.county_elsewhere() | abroad | (blank("countyAtDx") & places.has_counties())


@edit(
    "state-postal",
    message="Postal code {addrAtDxPostalCode} does not belong to {addrAtDxState}",
    severity=WARNING,
    items=[STATE, "addrAtDxPostalCode"],
    category="geography",
    source="USPS three-digit ZIP Code prefixes; Census 2010 ZIP areas that cross a border; Canada Post",
    passes=[
        "IA | 52240",
        "IA | 522401234",
        "IA | 999999999",
        "IA | 888888888",
        "IA | 99999",
        "ON | K1A0B1",
        "ON | 999999",
        "NT | X1A0A1",
        "NU | X1A0A1",
        "DC | 20500",
        "NE | 51557",
        "GU | 96913",
        "AE | 09012",
        "XX | 52240",
        "US | 52240",
        "IA | 5224",
        "IA | ",
    ],
    fails=[
        "IA | 10001",
        "IA | 100011234",
        "IL | 52240",
        "IA | K1A0B1",
        "QC | K1A0B1",
        "ON | 52240",
        "IA | 00000",
        "NE | 51558",
    ],
    notes="The prefix decides; single ZIP Codes that also serve the neighbouring state pass for both. Codes "
    "for unknown postal codes, and states that stand for no one place, are not tested.",
)
def state_postal() -> pl.Expr:
    """Five digits against ranges of the state, or the first letter against the province."""
    return places.postal_elsewhere()


_TERRITORIES = {
    "AS": "ASM",
    "FM": "FSM",
    "GU": "GUM",
    "MH": "MHL",
    "MP": "MNP",
    "PR": "PRI",
    "PW": "PLW",
    "UM": "UMI",
    "VI": "VIR",
}
_POSSESSIONS = ("ASM", "GUM", "MNP", "PRI", "UMI", "VIR")
_NAMELESS = ("ZZA", "ZZC", "ZZE", "ZZF", "ZZN", "ZZP", "ZZS", "ZZU", "ZZX")
"""Country codes for a continent, for abroad and for unknown."""


@cache
def _of_kind(kind: str) -> list[str]:
    listed = reference.table("states_at_diagnosis.csv").filter(pl.col("kind") == kind)
    return listed.get_column("state").to_list()


@edit(
    "state-country",
    message="State {addrAtDxState} is not in country {addrAtDxCountry}",
    items=[STATE, COUNTRY],
    category="geography",
    source="NAACCR items 80 and 102",
    passes=[
        "IA | USA",
        "US | USA",
        "ON | CAN",
        "CD | CAN",
        "PR | PRI",
        "PR | USA",
        "XX | MEX",
        "YY | ZZX",
        "YY | ZZE",
        "ZZ | ZZU",
        "AE | DEU",
        "IA | ",
        " | USA",
        "IA | XYZ",
    ],
    fails=[
        "IA | CAN",
        "US | ZZU",
        "ON | USA",
        "CD | USA",
        "PR | MEX",
        "GU | PRI",
        "XX | USA",
        "XX | CAN",
        "XX | PRI",
        "XX | ZZU",
        "XX | ZZX",
        "YY | MEX",
        "YY | USA",
        "ZZ | USA",
        "ZZ | ZZX",
    ],
    notes="XX says that the country is known and is neither the United States (with its possessions) nor "
    "Canada; YY that it is abroad and unknown; ZZ that nothing is known. Territories may name their own code "
    "or USA; addresses of the armed forces and the trust territories are not tested.",
)
def state_country() -> pl.Expr:
    """Each kind of state with the countries that it can be in."""
    state, country = pl.col(STATE), pl.col(COUNTRY)
    own = state.replace_strict(_TERRITORIES, default=None, return_dtype=pl.String)
    wrong = [
        state.is_in([*_of_kind("state"), "US"]) & (country != "USA"),
        state.is_in([*_of_kind("province"), "CD"]) & (country != "CAN"),
        (own != country) & (country != "USA"),
        (state == "XX") & country.is_in(["USA", "CAN", *_POSSESSIONS, "ZZU", "ZZX"]),
        (state == "YY") & ~country.is_in(_NAMELESS),
        (state == "ZZ") & (country != "ZZU"),
    ]
    return pl.any_horizontal(wrong)


@edit(
    "tract-county",
    message="Census tract {censusTract2020} does not exist in county {countyAtDx} of {addrAtDxState}",
    severity=WARNING,
    items=[STATE, "countyAtDx", "censusTract2020"],
    category="geography",
    source="Census tracts of the 2020 Census (U.S. Census Bureau)",
    passes=[
        "IA | 153 | 000102",
        "IA | 153 | 000000",
        "IA | 153 | 999999",
        "IA | 999 | 000102",
        "IA | 998 | 000102",
        "CT | 110 | 000102",
        "XX | 999 | 000102",
        "IA | 153 | 1.02",
        "IA | 153 | ",
        "WY | 045 | 951100",
    ],
    fails=["IA | 153 | 000104", "IA | 001 | 000102", "PR | 153 | 000102", "WY | 045 | 999998"],
    notes="Counties whose tracts are not listed (retired ones, Connecticut's planning regions, island areas "
    "except Puerto Rico) are not tested.",
)
def tract_county() -> pl.Expr:
    """Tracts 000000 and 999999 stand for no tract."""
    return places.tract_elsewhere()
