"""What the plan of letters is made from, read from the store; and who may be written to at this very moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from registry import followup as engine
from registry import standards
from registry.errors import BadInput, NotFound
from registry.followup import FollowUpConfiguration
from registry.followup.contact_codes import PERHAPS_DEAD
from registry.followup.due import first_day
from registry.followup.letters import Consents, Facts, Letter, Physician, Rules, Sender, Tried, wording
from registry.followup.letters.consents import REFUSED
from registry.followup.letters.plan import TO_THE_PATIENT, physician_codes
from registry.security.roles import Actor
from registry.service import frames
from registry.service.followup import patient_frames as followup_frames
from registry.service.followup import room as followup
from registry.service.letters import settings as letters_settings
from registry.service.operations import Context
from registry.standards import icdo

Query = Callable[..., pl.DataFrame]
SEND_BY = ("mail", "email", "portal", "fax")
TAKES_NONE = ("none", "no", "never")
PATIENT_ITEMS = ("vitalStatus", "dateOfLastContact", "dateOfBirth", "addrCurrentCountry")
TUMOR_ITEMS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis", "dateOf1stContact",
    "classOfCase", "summaryStage2018",
)  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """Everything a run needs: the list by patient, facts, rules, who sends, templates, and remarks for people."""

    day: dt.date
    facility: str | None
    rows: dict[int, dict[str, Any]]
    facts: Facts
    rules: Rules
    configuration: FollowUpConfiguration
    sender: Sender
    paper: str
    templates: dict[tuple[str, str], str]
    remarks: tuple[str, ...]


def gather(
    context: Context,
    as_of: str | dt.date | None,
    facility: str | None,
    language: str | None,
    patient_ids: Collection[int] | None,
) -> Gathered:
    """Read the list of the day, bars, consents, physicians, earlier letters and settings.

    Raises:
        BadInput: a language that is none, or an account held to several facilities that names none.
        NotFound: the facility is not in scope.
    """
    day = context.day(as_of)
    own = _facility(context, facility)
    kept = letters_settings.values(context, own)
    configuration = followup_frames.configuration_of(context, day)
    listed = followup.follow_up_list(context, as_of=day, facility=own)
    if patient_ids is not None:
        listed = listed.filter(pl.col("patient_id").is_in(sorted(set(patient_ids))))
    last = listed.select("patient_id", first_day(listed, "dateOfLastContact").alias("last_contact"))
    sender, remarks = letters_settings.sender(context, own)
    templates = letters_settings.templates_in_use(context)
    spoken: dict[str, set[str]] = {}
    for name, code in templates:
        spoken.setdefault(name, set()).add(code)
    held, versions = standing(context.store.query, context.actor, listed["patient_id"], configuration)
    facts = Facts(
        held, physicians(context.store.query, day), consents(context.store.query, day), _tried(context, last),
        _languages(context), versions, spoken,
    )  # fmt: skip
    rules = Rules(
        day, letters_settings.language_code(language or kept["language"]),
        configuration.patient_letters_need_consent == "required", int(kept["wait_days"]),
        tuple(word for word in map(_words, kept["institution_words"].split(";")) if word),
        configuration.unknown_physicians,
        {"physician": configuration.physician_letter_month, "patient": configuration.patient_letter_month},
        _countries(configuration), sender.may_write,
    )  # fmt: skip
    rows = {int(row["patient_id"]): row for row in listed.iter_rows(named=True)}
    return Gathered(
        day, own, rows, facts, rules, configuration, sender, kept["paper"], templates, tuple(remarks)
    )


def _facility(context: Context, facility: str | None) -> str | None:
    """The facility that writes: the one named, else the only one of the account, else none (the registry)."""
    if facility is not None:
        return frames.known_facility(context, facility)
    held_to = context.actor.facilities
    if held_to is None:
        return None
    if len(held_to) == 1:
        return next(iter(held_to))
    raise BadInput("letters", "this account is held to several facilities", "say which one writes: facility")


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


def _countries(configuration: FollowUpConfiguration) -> dict[str, str]:
    """Names of the countries that are not the own one, in capitals, for the last line of an address."""
    home = {*configuration.domestic_countries, *configuration.unknown_countries}
    named = standards.codes("addrCurrentCountry").select("code", "label").iter_rows()
    return {code: str(label).upper() for code, label in named if code not in home}


def standing(
    query: Query, actor: Actor, patient_ids: pl.Series, configuration: FollowUpConfiguration
) -> tuple[dict[int, tuple[str, str]], dict[int, int]]:
    """Who may not be written to or about now, whoever says so, and the version of each record.

    Death, an open review of a death, the registry's own bar and item 1854 count wherever they were reported; an account
    held to facilities learns no more than that central staff hold contact back.

    Args:
        query: of the store, or of a unit of work.
        patient_ids: whom to look at.

    Returns:
        {patient: (code of REASONS, words)}, {patient: version}.
    """
    present = set(
        query("SELECT column_name FROM duckdb_columns() WHERE table_name = 'patient'")["column_name"]
    )

    def item(name: str) -> str:
        return f'p."{name}"' if name in present else "CAST(NULL AS VARCHAR)"

    kinds = ", ".join(f"'{kind}'" for kind in PERHAPS_DEAD)
    found = query(
        f"""SELECT w.patient_id, p.version, p.patient_id IS NULL OR p.tombstone_reason IS NOT NULL AS gone,
                {item("vitalStatus")} AS vital, {item("noPatientContactFlag")} AS flag,
                b.bar_id, b.reason, b.facility_id, t.patient_id IS NOT NULL AS doubt
            FROM wanted w LEFT JOIN patient p USING (patient_id)
            LEFT JOIN (SELECT * FROM contact_bar WHERE lifted_at IS NULL
                QUALIFY row_number() OVER (PARTITION BY patient_id ORDER BY bar_id DESC) = 1) b USING (patient_id)
            LEFT JOIN (SELECT DISTINCT patient_id FROM review_task WHERE state = 'open' AND kind IN ({kinds})) t
                USING (patient_id)
            ORDER BY w.patient_id""",
        frames={"wanted": pl.DataFrame({"patient_id": patient_ids}, schema={"patient_id": pl.Int64})},
    )
    held: dict[int, tuple[str, str]] = {}
    for row in found.iter_rows(named=True):
        why = _held(row, actor, configuration)
        if why is not None:
            held[int(row["patient_id"])] = why
    return held, {
        int(number): int(version or 0)
        for number, version in found.select("patient_id", "version").iter_rows()
    }


def _held(
    row: Mapping[str, Any], actor: Actor, configuration: FollowUpConfiguration
) -> tuple[str, str] | None:
    seen = actor.facilities is None
    if row["gone"]:
        return "GONE", ""
    if (row["vital"] or "").strip() in configuration.dead_codes:
        return ("DEAD" if seen else "CENTRAL"), ""
    if row["bar_id"] is not None:
        return (
            ("BARRED", row["reason"] or "") if seen or actor.covers(row["facility_id"]) else ("CENTRAL", "")
        )
    if configuration.patient_contact_flag_bars_letters and (row["flag"] or "").strip() == "1":
        return ("FLAG_1854" if seen else "CENTRAL"), ""
    if row["doubt"]:
        return ("PERHAPS_DEAD" if seen else "CENTRAL"), ""
    return None


def changed(
    query: Query, actor: Actor, letters: Iterable[Letter], gathered: Gathered
) -> dict[int, tuple[str, str]]:
    """Patients of planned letters who may not be written to any more, or whose record is not the one planned with."""
    planned = list(letters)
    ids = pl.Series("patient_id", sorted({letter.patient_id for letter in planned}), pl.Int64)
    lost, versions = standing(query, actor, ids, gathered.configuration)
    said = consents(query, gathered.day)
    for letter in planned:
        patient = letter.patient_id
        if patient in lost:
            continue
        if versions.get(patient) != gathered.facts.versions.get(patient):
            lost[patient] = ("CHANGED", "")
        elif letter.addressee in TO_THE_PATIENT:
            codes = physician_codes(gathered.rows[patient], gathered.facts, gathered.rules)
            now = said.of(patient, codes)
            if now == REFUSED:
                lost[patient] = ("CONSENT_REFUSED", "")
            elif now != "given" and gathered.rules.need_consent and letter.addressee == "patient":
                lost[patient] = ("NO_CONSENT", "")
    return lost


def consents(query: Query, day: dt.date) -> Consents:
    """All statements of physicians, weighed on a day."""
    rows = query(
        "SELECT patient_id, physician_id, given, given_on, valid_until, withdrawn_at, consent_id FROM letter_consent "
        "WHERE given_on <= ? ORDER BY consent_id",
        [day],
    )
    return Consents(rows.iter_rows(named=True), day)


def physicians(query: Query, day: dt.date) -> dict[str, Physician]:
    """Physicians in force on a day, by their number and by NPI (the lower number where two share one)."""
    rows = query(
        """SELECT physician_id, npi, name, address, city, state, postal_code, active, letter_preference FROM physician
           WHERE effective_from <= ? AND (effective_to IS NULL OR effective_to > ?)
           QUALIFY row_number() OVER (PARTITION BY physician_id ORDER BY effective_from DESC) = 1
           ORDER BY physician_id""",
        [day, day],
    )
    found: dict[str, Physician] = {}
    by_npi: dict[str, Physician] = {}
    for row in rows.iter_rows(named=True):
        number, npi = str(row["physician_id"]), wording.clean(row["npi"])
        wish = wording.clean(row["letter_preference"]).casefold()
        name = wording.clean(row["name"])
        lines = wording.address(row["address"], row["city"], row["state"], row["postal_code"]) if name else []
        one = Physician(
            number, name, tuple(lines), bool(row["active"]) and wish not in TAKES_NONE,
            wish if wish in SEND_BY else "mail", frozenset({number, *([npi] if npi else [])}),
        )  # fmt: skip
        found[number] = one
        if npi:
            by_npi.setdefault(npi, one)
    return by_npi | found


def _tried(context: Context, last: pl.DataFrame) -> dict[int, list[Tried]]:
    """Letters in scope, and those of central staff, that were not cancelled, since each patient's last contact."""
    scope, parameters = context.actor.scope_sql("l.facility_id")
    rows = context.store.query(
        f"""SELECT l.patient_id, l.addressee, l.recipient, l.state, coalesce(b.sent_on, b.as_of) AS since, w.last_contact
            FROM letter l JOIN letter_batch b USING (batch_id) JOIN wanted w USING (patient_id)
            WHERE l.state <> 'cancelled' AND ({scope} OR l.facility_id IS NULL) ORDER BY l.letter_id""",
        parameters,
        frames={"wanted": last},
    )
    found: dict[int, list[Tried]] = {}
    for patient, addressee, recipient, state, since, heard in rows.iter_rows():
        if state == "made" or heard is None or since > heard:
            found.setdefault(int(patient), []).append(Tried(addressee, recipient or "", state, since))
    return found


def _languages(context: Context) -> dict[int, str]:
    rows = context.store.query("SELECT patient_id, language FROM letter_language ORDER BY patient_id")
    return {int(patient): language for patient, language in rows.iter_rows()}


def tumors(
    context: Context, gathered: Gathered, patient_ids: Collection[int]
) -> dict[int, list[dict[str, str]]]:
    """Tumors that are followed, in words, oldest first: patient → [{site, kind, diagnosed}]."""
    if not patient_ids:
        return {}
    all_tumors = tumors_of(context, patient_ids, TUMOR_ITEMS)
    rows = [{"patient_id": patient, **_only(gathered.rows[patient])} for patient in sorted(patient_ids)]
    people = pl.DataFrame(rows, schema={"patient_id": pl.Int64, **dict.fromkeys(PATIENT_ITEMS, pl.String)})
    judged = engine.eligibility(
        people, all_tumors, gathered.day, configuration=gathered.configuration, key="patient_id"
    ).filter(pl.col("exclusion") == "")
    followed = all_tumors.join(judged, on=["patient_id", "tumor_id"], how="semi")
    if followed.is_empty():
        followed = all_tumors
    sites = dict(icdo.topography().select("code", "name").iter_rows())
    kinds = _kinds()
    found: dict[int, list[dict[str, str]]] = {}
    ordered = followed.sort("patient_id", "dateOfDiagnosis", "tumor_id", nulls_last=True)
    for row in ordered.iter_rows(named=True):
        site, histology = wording.clean(row["primarySite"]), wording.clean(row["histologicTypeIcdO3"])
        code = (histology, wording.clean(row["behaviorCodeIcdO3"]))
        side = _side(row.get("laterality"))
        words = {
            "site": ", ".join(part for part in (sites.get(site, site), side) if part),
            "kind": kinds.get(code, "/".join(part for part in code if part)),
            "diagnosed": wording.clean(row["dateOfDiagnosis"]),
        }
        found.setdefault(int(row["patient_id"]), []).append(words)
    return found


def _only(row: Mapping[str, Any]) -> dict[str, Any]:
    return {item: row.get(item) for item in PATIENT_ITEMS}


def tumors_of(context: Context, patient_ids: Collection[int], items: Collection[str]) -> pl.DataFrame:
    """Tumors of these patients as the actor sees them: frame[tumor_id, patient_id, *items]."""
    wanted = pl.DataFrame({"patient_id": sorted(patient_ids)}, schema={"patient_id": pl.Int64})
    if context.actor.facilities is not None:
        return frames.load(context, [], items)[1].join(wanted, on="patient_id", how="semi")
    return context.store.query(
        f"SELECT t.tumor_id, t.patient_id {frames.select_items(context, 'tumor', 't', items)} FROM tumor t "
        f"SEMI JOIN wanted USING (patient_id) WHERE t.{frames.NOT_GONE} ORDER BY t.tumor_id",
        frames={"wanted": wanted},
    )


def _kinds() -> dict[tuple[str, str], str]:
    """Histology and behavior → name, of the newest edition that has one."""
    rows = icdo.morphology().select("code", "behavior", "name", "edition").sort("edition")
    return {(code, behavior): name for code, behavior, name, _ in rows.iter_rows()}


def _side(laterality: str | None) -> str:
    return {"1": "right", "2": "left", "4": "both sides"}.get((laterality or "").strip(), "")


def require_patient(context: Context, patient_id: int) -> None:
    """Raises NotFound when there is no such patient in the actor's scope."""
    scope, parameters = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT 1 FROM abstract WHERE patient_id = ? AND status <> 'void' AND {scope} LIMIT 1",
        [patient_id, *parameters],
    )
    if found.is_empty():
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")
