"""What may be submitted to whom: profiles, required items, restrictions: the package's, and a registry's own over them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry import submissions
from registry.errors import BadInput, NotFound
from registry.security import restriction
from registry.service.operations import Context, operation
from registry.submissions import Profile

SETTING: Final = "submission_profiles"
"""Setting of the registry that names the profiles it sends."""


def find(context: Context, profile: str) -> Profile:
    """A profile by its id: the newest of the registry's own definitions, else the package's.

    Raises:
        NotFound: there is no such profile.
    """
    own = context.store.query(
        "SELECT definition FROM submission_profile WHERE profile = ? ORDER BY profile_version DESC LIMIT 1",
        [profile],
    )
    if own.height:
        return submissions.profile_of(own.item())
    if profile not in submissions.profiles():
        raise NotFound(
            f"profile {profile}", "there is no such profile", "`registry export profiles` lists them"
        )
    return submissions.profiles()[profile]


def of_submission(row: dict[str, Any]) -> Profile:
    """The profile that a submission was made by, as it was then."""
    return submissions.profile_of(json.loads(row["detail"])["definition"])


def kin(context: Context, profile: Profile) -> list[str]:
    """Profiles whose records are the same records to the same receiver: what one of them brought there, the others need not.

    So a facility's modified records are compared with the full abstracts that it sent.
    """

    def shape(one: Profile) -> tuple[Any, ...]:
        return one.recipient, one.level, one.format, one.identifiers, one.split, one.items

    return [name for name, one in every(context).items() if shape(one) == shape(profile)]


def every(context: Context) -> dict[str, Profile]:
    """Every profile by id, a registry's own in the place of the package's."""
    names = context.store.query("SELECT DISTINCT profile FROM submission_profile ORDER BY profile")["profile"]
    own = {name: find(context, name) for name in names}
    return dict(sorted((submissions.profiles() | own).items()))


def in_use(context: Context) -> set[str]:
    """Profiles that this registry sends: named by its setting, or submitted before."""
    named = set(re.split(r"[\s,;]+", context.store.get_meta(SETTING) or "")) - {""}
    before = context.store.query(
        "SELECT DISTINCT profile FROM submission WHERE sent_at IS NOT NULL AND profile IS NOT NULL"
    )
    return named | set(before["profile"])


@operation("submission.profiles")
def list_profiles(context: Context, profile: str | None = None) -> pl.DataFrame:
    """Profiles by id.

    Returns:
        frame[profile, version, title, recipient, purpose, legal_basis, record_type, level, format, identifiers, leaves,
        encrypted, delta, split, gate, edit_set, agency, cadence, needs (of state, facility, key; `;` between), central, own,
        status].
    """
    found = every(context) if profile is None else {profile: find(context, profile)}
    packaged = submissions.profiles()
    rows = [
        _row(each, own=packaged.get(name) is None or packaged[name] != each) for name, each in found.items()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(profile: Profile, *, own: bool) -> dict[str, Any]:
    needs = [
        *(["state"] if profile.split or profile.selection.residents else []),
        *(["facility"] if profile.level == "abstract" else []),
        *(["key"] if profile.encrypted else []),
    ]
    return {
        "profile": profile.id, "version": profile.version, "title": profile.title, "recipient": profile.receiver,
        "purpose": profile.purpose, "legal_basis": profile.legal_basis, "record_type": profile.record_type,
        "level": profile.level, "format": profile.format, "identifiers": profile.identifiers, "leaves": profile.leaves,
        "encrypted": profile.encrypted, "delta": profile.delta, "split": profile.split, "gate": profile.gate, "edit_set": profile.edit_set,
        "agency": profile.agency, "cadence": profile.cadence, "needs": ";".join(needs),
        "central": profile.central, "own": own, "status": profile.status,
    }  # fmt: skip


@operation("submission.add_profile", changes=True)
def add_profile(context: Context, path: str | None, content: str | None = None) -> dict[str, Any]:
    """Take a registry's own profiles (TOML, as the package's), from a file or (path None) a text.

    A definition that changed needs the next version number.

    Returns:
        {profiles: [{profile, version, added}]}: `added` is false where the same definition stands already.

    Raises:
        BadInput: one line a fault.
    """
    context.require_central("submission.add_profile")
    where, data = content_of(path, content, "profile")
    text = _decoded(data, where)
    rows, told = [], []
    for profile in submissions.read_profiles(text, where):
        held = context.store.query(
            "SELECT profile_version, definition FROM submission_profile WHERE profile = ? "
            "ORDER BY profile_version DESC LIMIT 1",
            [profile.id],
        )
        same = held.height and held["definition"].item() == profile.definition
        last = int(held["profile_version"].item()) if held.height else 0
        packaged = submissions.profiles().get(profile.id)
        if not same and profile.version <= max(last, packaged.version if packaged else 0):
            raise BadInput(
                where, f"profile {profile.id} version {profile.version} is there already, with another definition",
                f"give it version {max(last, packaged.version if packaged else 0) + 1}",
            )  # fmt: skip
        told.append({"profile": profile.id, "version": profile.version, "added": not same})
        if not same:
            rows.append({
                "profile": profile.id, "profile_version": profile.version, "definition": profile.definition,
                "created_at": context.stamp, "created_by": context.actor.name,
            })  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "submission.add_profile") as work:
        if rows:
            work.insert("submission_profile", pl.DataFrame(rows))
        work.log("submission_profile", None, "submission.add_profile", None, {"profiles": len(rows)})
    return {"profiles": told}


@operation("submission.required")
def required(context: Context, agency: str | None = None, naaccr_version: str | None = None) -> pl.DataFrame:
    """Which items agencies require, as loaded.

    Returns:
        frame[item, naaccr_version, agency, code, source], by agency, version and item.
    """
    return context.store.query(
        """SELECT item, naaccr_version, agency, code, source FROM required_status
           WHERE (? IS NULL OR agency = ?) AND (? IS NULL OR naaccr_version = ?)
           ORDER BY agency, naaccr_version, item""",
        [agency, agency, naaccr_version, naaccr_version],
    )


@operation("submission.load_required", changes=True)
def load_required(
    context: Context,
    path: str | None,
    content: str | None = None,
    naaccr_version: str | None = None,
    agency: str | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    """Load a required-status table; it replaces the rows of the agencies and versions that it names.

    Args:
        path, content: the CSV as a file or (path None) a text, see `registry.submissions.read_required`.
        naaccr_version, agency, source: what the file does not say itself.

    Returns:
        {rows, agencies, versions}.
    """
    context.require_central("submission.load_required")
    name, data = content_of(path, content, "required table")
    rows = submissions.read_required(name, data, naaccr_version, agency, source)
    pairs = rows.select("agency", "naaccr_version").unique().sort("agency", "naaccr_version")
    with context.store.unit_of_work(context.actor.name, "submission.load_required") as work:
        for whose, version in pairs.iter_rows():
            work.execute(
                "DELETE FROM required_status WHERE agency = ? AND naaccr_version = ?", [whose, version]
            )
        work.insert("required_status", rows.sort("agency", "naaccr_version", "item"), logged=False)
        work.digest(rows, entity="required_status")
    return {
        "rows": rows.height, "agencies": pairs["agency"].unique().sort().to_list(),
        "versions": pairs["naaccr_version"].unique().sort().to_list(),
    }  # fmt: skip


def rules(context: Context) -> pl.DataFrame:
    """Rules of item 1856 as they stand: the package's, the registry's own over them."""
    return restriction.with_own(
        context.store.query(
            "SELECT recipient, code, allowed, reason, source FROM restriction_rule ORDER BY ALL"
        )
    )


@operation("submission.restrictions")
def restrictions(context: Context) -> pl.DataFrame:
    """What each kind of receiver may get by item 1856: frame[recipient, code, allowed, reason, source, own]."""
    own = context.store.query("SELECT recipient, code, true AS own FROM restriction_rule ORDER BY ALL")
    found = rules(context).join(own, on=["recipient", "code"], how="left", maintain_order="left")
    return found.with_columns(pl.col("own").fill_null(value=False)).sort("recipient", "code")


@operation("submission.set_restriction", changes=True)
def set_restriction(
    context: Context, recipient: str, code: str, allowed: bool, reason: str, source: str | None = None
) -> dict[str, Any]:
    """Say whether a receiver may get records with a code of item 1856.

    Args:
        recipient: a kind of receiver, or one of them ("ide:NY"). code: "" = blank.

    Raises:
        BadInput: no reason, or a kind of receiver that there is not.
    """
    context.require_central("submission.set_restriction")
    if not reason.strip():
        raise BadInput("restriction", "needs a reason", "say by which law or agreement")
    row = {
        "recipient": recipient, "code": code.strip(), "allowed": allowed, "reason": reason.strip(),
        "source": source or "registry's own",
    }  # fmt: skip
    restriction.with_own(pl.DataFrame([row]))
    with context.store.unit_of_work(context.actor.name, "submission.set_restriction", reason=reason) as work:
        before = work.query(
            "SELECT allowed, reason FROM restriction_rule WHERE recipient = ? AND code = ?",
            [recipient, row["code"]],
        ).to_dicts()
        work.execute(
            """INSERT INTO restriction_rule VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (recipient, code) DO UPDATE SET
               allowed = excluded.allowed, reason = excluded.reason, source = excluded.source,
               changed_at = excluded.changed_at, changed_by = excluded.changed_by""",
            [*row.values(), context.stamp, context.actor.name],
        )
        work.log(
            "restriction_rule", f"{recipient} {row['code']}", "change", before[0] if before else None, row
        )
    return row


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(where, "is not UTF-8", "save it as UTF-8") from None


def content_of(path: str | None, content: str | None, what: str) -> tuple[str, bytes]:
    """Name and bytes of a file, or of a text that somebody pasted.

    Raises:
        BadInput: both or neither were given, or the file cannot be read.
    """
    if (content is None) == (path is None):
        raise BadInput(what, "give a file or its text", "one of the two")
    if path is None:
        return f"pasted {what}", (content or "").encode()
    try:
        return Path(path).name, Path(path).read_bytes()
    except OSError as error:
        raise BadInput(Path(path).name, f"cannot be read ({error.strerror})", "check its name") from None
