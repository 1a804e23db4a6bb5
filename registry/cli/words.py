"""Words of a command line that several commands take: days and lists."""

from __future__ import annotations

import datetime as dt

from registry.errors import BadInput


def day_of(text: str | None, option: str = "--as-of") -> dt.date | None:
    """The day that an option names, None without it.

    Raises:
        BadInput: it is no day.

    >>> day_of("2026-11-01")
    datetime.date(2026, 11, 1)
    """
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option} {text}", "is not a day", "write for example 2026-11-01") from None


def listed(option: str, text: str | None) -> list[str]:
    """Names of a list such as `a,b`; none without the option.

    Raises:
        BadInput: the option names nothing.

    >>> listed("--edits", "site-sex, age-valid")
    ['site-sex', 'age-valid']
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise BadInput(option, "names nothing", "name some, or leave it out for all")
    return list(dict.fromkeys(names))
