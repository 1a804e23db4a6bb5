"""The registry's own letters: who sends them, how they look, their templates; trying a template."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import polars as pl

from registry.errors import BadInput, Conflict
from registry.followup.letters import content, printing, trial, wording, words
from registry.followup.letters.plan import ADDRESSEES
from registry.service.frames import known_facility
from registry.service.operations import Context, operation

SETTINGS: dict[str, tuple[str, str]] = {
    "sender": ("", "name on letters to physicians"),
    "neutral_sender": ("", "name on all other letters: no word of the disease"),
    "address_1": ("", "first line of the sender's address"),
    "address_2": ("", "second line, as a suite or a box"),
    "city": ("", "city"),
    "state": ("", "state"),
    "postal_code": ("", "postal code"),
    "telephone": ("", "telephone for questions and answers"),
    "fax": ("", "fax for answers"),
    "email": ("", "e-mail address"),
    "signed_by": ("", "who signs"),
    "signed_title": ("", "what the signer is"),
    "language": ("en", "language of letters to those who have none of their own"),
    "paper": ("us-letter", "us-letter (#10 window envelope) or a4 (DL)"),
    "wait_days": ("30", "no second letter of a kind within these days"),
    "institution_words": (
        "nursing home; nursing center; nursing facility; care center; care home; assisted living; memory care; "
        "convalescent; skilled nursing; snf; long term care; rehabilitation center; rehab center; hospice",
        "words by which the supplemental line of an address is known as an institution",
    ),
}
"""Setting → (default, what it is)."""
PAPERS = ("us-letter", "a4")
MAY_NOT = ("neutral_sender", "address_1", "address_2", "city")
"""What stands on the envelope of letters that never name the disease."""


@operation("letters.settings")
def settings(context: Context, facility: str | None = None) -> pl.DataFrame:
    """Settings of letters: frame[setting, value, default, what]; of a facility, where it has its own."""
    own = None if facility is None else known_facility(context, facility)
    kept = values(context, own)
    rows = [
        {"setting": name, "value": kept[name], "default": default, "what": what}
        for name, (default, what) in SETTINGS.items()
    ]
    return pl.DataFrame(rows)


@operation("letters.configure", changes=True)
def configure(context: Context, facility: str | None = None, **changes: str | None) -> dict[str, str]:
    """Change settings of letters, of the whole registry or of one facility; None or "" goes back to the default.

    Raises:
        BadInput: an unknown setting, or a value that it does not take.
    """
    own = None if facility is None else known_facility(context, facility)
    if own is None:
        context.require_central("letters.configure")
    if not changes:
        raise BadInput("letters", "no setting is named", f"choose of {', '.join(SETTINGS)}")
    for name, value in changes.items():
        _check_setting(name, wording.clean(value))
    with context.store.unit_of_work(context.actor.name, "letters.configure", facility_id=own) as work:
        for name, given in sorted(changes.items()):
            key, value = _key(name, own), wording.clean(given) or None
            before = context.store.get_meta(key)
            if value == before:
                continue
            work.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [key, value],
            )
            work.log("settings", key, "change", {name: before}, {name: value})
    return values(context, own)


def _check_setting(name: str, value: str) -> None:
    if name not in SETTINGS:
        raise BadInput("letters", f"there is no setting {name!r}", f"choose of {', '.join(SETTINGS)}")
    if name in MAY_NOT and (found := words.forbidden(value)):
        raise BadInput(f"letters, {name}", f'"{found[0]}" may not stand on an envelope', "use neutral words")
    if name == "paper" and value and value not in PAPERS:
        raise BadInput("letters, paper", f"{value!r} is none of {', '.join(PAPERS)}")
    if name == "wait_days" and value and not re.fullmatch(r"\d{1,3}", value):
        raise BadInput("letters, wait_days", f"{value!r} is no number of days", "write it as 30")
    if name == "language" and value:
        language_code(value)


def _key(name: str, facility: str | None) -> str:
    return f"letters.{facility}.{name}" if facility else f"letters.{name}"


def values(context: Context, facility: str | None) -> dict[str, str]:
    """Settings in force: a facility's own, else the registry's, else the default. Who sends is never mixed of two."""
    kept = context.store.query(
        "SELECT name, value FROM meta WHERE starts_with(name, 'letters.') ORDER BY name"
    )
    meta: dict[str, str | None] = dict(kept.iter_rows())
    own_sender = facility is not None and any(
        meta.get(_key(name, facility)) for name in ("sender", "address_1")
    )
    about_sender = list(SETTINGS)[: list(SETTINGS).index("language")]
    found: dict[str, str] = {}
    for name, (default, _) in SETTINGS.items():
        own = meta.get(_key(name, facility)) if facility else None
        general = None if own_sender and name in about_sender else meta.get(_key(name, None))
        found[name] = own or general or default
    return found


def language_code(language: str) -> str:
    """A language as templates are named by it.

    Raises:
        BadInput: no language code.

    >>> language_code("ES")
    'es'
    """
    code = language.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise BadInput("language", f"{language!r} is no language code", "use two letters such as en or es")
    return code


def sender(context: Context, facility: str | None) -> tuple[content.Sender, list[str]]:
    """Who writes, and remarks on what is missing: the settings, else the facility's row, else a name in general.

    Args:
        facility: number of the facility that writes; None = the registry, or its only facility.
    """
    kept = values(context, facility)
    told = {name: kept[name] for name in ("telephone", "fax", "email", "signed_by", "signed_title")}
    lines = [kept["address_1"], kept["address_2"], _place(kept["city"], kept["state"], kept["postal_code"])]
    name = kept["sender"]
    if not name or not kept["address_1"]:
        row = _facility_row(context, facility)
        name = name or wording.cased(wording.clean(row.get("name")))
        if not kept["address_1"]:
            lines = [
                wording.clean(row.get("address")),
                "",
                _place(row.get("city"), row.get("state"), row.get("postal_code")),
            ]
        told["telephone"] = told["telephone"] or wording.clean(row.get("contact_phone"))
    remarks = [] if any(lines) else ["the sender's address is not set: letters.configure"]
    unnamed = str(wording.language(kept["language"])["neutral_sender"])
    if not name:
        remarks.append(
            f'the sender has no name: "{unnamed}" stands in its place (letters.configure sender=...)'
        )
    elif not kept["neutral_sender"] and words.forbidden(name):
        remarks.append(
            "the sender's name may not stand on letters to patients: a neutral one does (neutral_sender=...)"
        )
    told["telephone"], told["fax"] = wording.telephone(told["telephone"]), wording.telephone(told["fax"])
    address = tuple(line for line in lines if line)
    return content.Sender(name or unnamed, kept["neutral_sender"], address, **told), remarks


def _place(city: str | None, state: str | None, postal: str | None) -> str:
    town, region, code = map(wording.clean, (city, state, postal))
    code = re.sub(r"^(\d{5})(\d{4})$", r"\1-\2", code)
    return ", ".join(part for part in (town, " ".join(each for each in (region, code) if each)) if part)


def _facility_row(context: Context, facility: str | None) -> dict[str, Any]:
    """The facility's row of today; the only facility's when none is named."""
    rows = context.store.query(
        "SELECT * FROM facility WHERE effective_from <= ? AND (effective_to IS NULL OR effective_to > ?) "
        "QUALIFY row_number() OVER (PARTITION BY facility_id ORDER BY effective_from DESC) = 1 ORDER BY facility_id",
        [context.today, context.today],
    ).to_dicts()
    if facility is None:
        return rows[0] if len(rows) == 1 else {}
    return next((row for row in rows if row["facility_id"] == facility), {})


def templates_in_use(context: Context) -> dict[tuple[str, str], str]:
    """Templates by (addressee, language): the package's, and the registry's own above them."""
    own = context.store.query(
        "SELECT template, language, content FROM letter_template ORDER BY template, language"
    )
    return {
        **printing.packaged(),
        **{(name, language): text for name, language, text in own.iter_rows() if text},
    }


@operation("letters.templates")
def templates(context: Context) -> pl.DataFrame:
    """Templates in use: frame[template, language, own, version, digest, changed_at, changed_by]."""
    kept = context.store.query(
        "SELECT template, language, version, changed_at, changed_by, content <> '' AS own FROM letter_template"
    )
    rows = {(row["template"], row["language"]): row for row in kept.iter_rows(named=True)}
    listed = []
    for (name, language), text in sorted(templates_in_use(context).items()):
        row = rows.get((name, language), {})
        listed.append(
            {
                "template": name, "language": language, "own": bool(row.get("own")), "version": row.get("version") or 0,
                "digest": digest(text), "changed_at": row.get("changed_at"), "changed_by": row.get("changed_by"),
            }
        )  # fmt: skip
    schema: dict[str, Any] = {
        "template": pl.String, "language": pl.String, "own": pl.Boolean, "version": pl.Int64, "digest": pl.String,
        "changed_at": pl.Datetime("us"), "changed_by": pl.String,
    }  # fmt: skip
    return pl.DataFrame(listed, schema=schema, orient="row")


def digest(text: str) -> str:
    """SHA-256 (hex) of a template and the layout it is set in."""
    return hashlib.sha256((printing.house() + text).encode()).hexdigest()


@operation("letters.template")
def template(context: Context, addressee: str, language: str = "en") -> dict[str, Any]:
    """One template in use: {template, language, own, version, content}.

    Raises:
        BadInput: no such addressee, or no template in the language.
    """
    code = language_code(language)
    text = _template(context, addressee, code)
    row = (
        templates(context)
        .filter(pl.col("template") == addressee, pl.col("language") == code)
        .row(0, named=True)
    )
    return {name: row[name] for name in ("template", "language", "own", "version")} | {"content": text}


def _template(context: Context, addressee: str, language: str) -> str:
    _known(addressee)
    there = templates_in_use(context)
    if (addressee, language) not in there:
        spoken = ", ".join(sorted(code for name, code in there if name == addressee))
        raise BadInput("letters", f"there is no template {addressee}.{language}", f"there are {spoken}")
    return there[addressee, language]


def _known(addressee: str) -> None:
    if addressee not in ADDRESSEES:
        raise BadInput("letters", f"{addressee!r} is no addressee", f"use {', '.join(ADDRESSEES)}")


@operation("letters.set_template", changes=True)
def set_template(
    context: Context,
    addressee: str,
    language: str,
    content: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Keep a template of the registry's own, after printing it for made-up people; None goes back to the package's.

    Returns:
        {template, language, version}.

    Raises:
        BadInput: it cannot be printed, or says what a letter to this addressee may not.
        Conflict: somebody else changed it meanwhile.
    """
    context.require_central("letters.set_template")
    _known(addressee)
    code = language_code(language)
    text = (content or "").strip()
    if text:
        with printing.Press(seconds=20) as press:
            who, _ = sender(context, None)
            trial.check_template(press, addressee, code, text + "\n", who, values(context, None)["paper"])
    key = {"template": addressee, "language": code}
    before = context.store.query(
        "SELECT version, content FROM letter_template WHERE template = ? AND language = ?", [addressee, code]
    )
    now = int(before["version"][0]) if before.height else 0
    if expected_version is not None and expected_version != now:
        raise Conflict("letter template", "somebody else changed it meanwhile", "look at it again")
    with context.store.unit_of_work(context.actor.name, "letters.set_template") as work:
        kept = text + "\n" if text else ""
        if before.is_empty():
            work.insert(
                "letter_template", pl.DataFrame([{**key, "content": kept, "version": 1}]), logged=False
            )
            version = 1
        else:
            version = work.update("letter_template", key, {"content": kept}, expected_version=now)
        work.log(
            "letter_template", f"{addressee}.{code}", "letters.set_template", None, {"digest": digest(kept)}
        )
    return {**key, "version": version}


@operation("letters.preview")
def preview(
    context: Context,
    addressee: str = "patient",
    language: str = "en",
    format: str = "pdf",
    content: str | None = None,
    facility: str | None = None,
) -> dict[str, Any]:
    """A letter as it will look, for made-up people.

    Args:
        format: pdf or png.
        content: a template that is not kept yet, checked as `letters.set_template` does.

    Returns:
        {name, media_type, content: bytes} or {name, media_type, pages: [bytes]}.
    """
    code = language_code(language)
    _known(addressee)
    text = _template(context, addressee, code) if content is None else content.strip() + "\n"
    own = None if facility is None else known_facility(context, facility)
    who, _ = sender(context, own)
    paper = values(context, own)["paper"]
    name = f"preview-{ADDRESSEES.index(addressee) + 1}.{format}"
    with printing.Press(seconds=20) as press:
        printed = trial.check_template(press, addressee, code, text, who, paper)
        if format == "pdf":
            return {"name": name, "media_type": "application/pdf", "content": printed.pdf}
        if format != "png":
            raise BadInput("preview", f"{format!r} is none of pdf, png")
        pages = press.png(f"{addressee}.{code}", text, trial.sample(addressee, code, who, paper))
    return {"name": name, "media_type": "image/png", "pages": pages}


@operation("letters.set_language", changes=True)
def set_language(context: Context, patient_id: int, language: str | None = None) -> None:
    """Note the language in which a patient wants letters; None takes the note back."""
    from registry.service.letters.facts import require_patient

    require_patient(context, patient_id)
    code = None if language is None else language_code(language)
    with context.store.unit_of_work(context.actor.name, "letters.set_language") as work:
        before = work.query("SELECT language FROM letter_language WHERE patient_id = ?", [patient_id])[
            "language"
        ]
        work.execute("DELETE FROM letter_language WHERE patient_id = ?", [patient_id])
        if code is not None:
            work.insert(
                "letter_language",
                pl.DataFrame({"patient_id": [patient_id], "language": [code]}),
                logged=False,
            )
        earlier = None if before.is_empty() else before[0]
        work.log(
            "letter_language", patient_id, "letters.set_language", {"language": earlier}, {"language": code}
        )
