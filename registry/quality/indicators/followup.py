"""Follow-up: whether patients are still known, and why the dead died."""

from __future__ import annotations

import polars as pl

from registry.quality.indicators.definition import Formula, records
from registry.quality.indicators.vocabulary import ALIVE, ANALYTIC, CURRENT, DEAD, PATIENT, missing

FOLLOWED = (DEAD | (ALIVE & CURRENT)).fill_null(value=False).any().over(PATIENT)
NOTES = (
    "Patients, not tumors; eligible = at least one analytic tumor (class of case 00-22). Dead in any record is dead. "
    "The reference date is the day of judgement; a missing day or month of the last contact counts as the first. "
    "The programmes' exclusions (foreign residents, in situ cervix, age over 100 …) and windows are those of the "
    "follow-up room's own rates."
)


@records(
    "followup_rate",
    "Follow-up rate",
    group="followup",
    formula="100 * (dead + alive with last contact within 15 months) / patients with an analytic tumor",
    source="CoC standards; SEER",
    population="patients since the reference date; of the last 5 years",
    items="patientIdNumber classOfCase vitalStatus dateOfLastContact",
    examples=[
        "1|14|0|20100101 / 2|14|1|20261001 / 3|14|1|20200101 / 4|32|1|20261001 => 2/3 = 66.666667",
        "1|00|1|20250801 / 2|22|1|20250731 / 3|30|0| => 1/2 = 50",
        "1|14|1|20200101 / 1|14|0|20210101 => 1/1 = 100",
        "1|14|1|2025 / 2|14|1|202509 / 3|14|| => 1/3 = 33.333333",
        "1|38|1|20261001 => 0/0 = none",
    ],
    notes=NOTES,
)
def followup_rate() -> Formula:
    """Patients dead or heard of within fifteen months."""
    return Formula(FOLLOWED, among=ANALYTIC, patients=True)


@records(
    "lost_to_followup_pct",
    "Lost to follow-up",
    group="followup",
    formula="100 - followup_rate",
    source="CoC standards; SEER",
    population="as followup_rate",
    items="patientIdNumber classOfCase vitalStatus dateOfLastContact",
    examples=[
        "1|14|0|20100101 / 2|14|1|20261001 / 3|14|1|20200101 => 1/3 = 33.333333",
        "1|32|1|20200101 => 0/0 = none",
    ],
    notes=NOTES,
)
def lost_to_followup_pct() -> Formula:
    """The others."""
    return Formula(~FOLLOWED, among=ANALYTIC, patients=True)


@records(
    "cod_missing_pct",
    "Missing cause of death among the dead",
    group="followup",
    formula="100 * n(dead and causeOfDeath blank, 0000, 7777 or 7797) / n(dead)",
    source="Morawski et al., J Registry Manag 2022 (PMC10229190)",
    population="registry",
    items="vitalStatus causeOfDeath",
    examples=["0|C509 / 0|7797 / 0|7777 / 0|0000 / 0| / 1|0000 => 4/5 = 80", "1| => 0/0 = none"],
    notes="Records of the dead (vitalStatus 0).",
)
def cod_missing_pct() -> Formula:
    """Dead, and nobody knows of what."""
    return Formula(missing(pl.col("causeOfDeath"), "0000", "7777", "7797"), among=DEAD)
