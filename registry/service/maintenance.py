"""Keeping the database: backup."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from registry import standards
from registry.errors import BadInput
from registry.followup import settings as follow_up
from registry.service.operations import Context, operation


@operation("store.backup", changes=True, secret=("key",))
def backup(context: Context, path: str, key: str | None = None) -> dict[str, Any]:
    """Copy the running database into a second file and verify it; encrypted with `key`, else the database's own."""
    report = context.store.backup(Path(path), key=key)
    with context.store.unit_of_work(context.actor.name, "store.backup") as work:
        work.log("store", None, "store.backup", None, {"file": Path(path).name})
    return asdict(report)


SETTINGS = {
    *("reference_date", "synthetic", "registry_id_item"),
    *("home_state", "submission_profiles"),
    *follow_up.SETTINGS,
}


@operation("settings.change", changes=True)
def change_settings(context: Context, **settings: str | None) -> None:
    """Set facts about this registry: reference_date, registry_id_item (NAACCR item 40), synthetic, home_state (whose
    residents it counts, postal code), submission_profiles (those it sends, with blanks between).

    The names of registry.followup.settings are settings too; blank is their default. A setting that is None stays as
    it is.
    """
    unknown = set(settings) - SETTINGS
    if unknown:
        raise BadInput(
            "settings", f"there is no {sorted(unknown)[0]}", f"choose of {', '.join(sorted(SETTINGS))}"
        )
    if settings.get("reference_date"):
        context.day(settings["reference_date"])
    home = settings.get("home_state")
    if home and home not in standards.code_set("addrAtDxState"):
        raise BadInput("home_state", f"{home!r} is not a code of item 80", "use the postal code, such as NY")
    for profile in (settings.get("submission_profiles") or "").split():
        from registry.service.submissions import profiles as submission_profiles

        submission_profiles.find(context, profile)
    for name, text in settings.items():
        if text and name in follow_up.SETTINGS:
            follow_up.read(name, text)
    with context.store.unit_of_work(context.actor.name, "settings.change") as work:
        for name, value in sorted(settings.items()):
            before = context.store.get_meta(name)
            if value is None or value == before:
                continue
            work.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            )
            work.log("settings", name, "change", {name: before}, {name: value})


@operation("settings.show")
def show_settings(context: Context) -> dict[str, str | None]:
    """Facts about this registry."""
    return {name: context.store.get_meta(name) for name in sorted(SETTINGS)}
