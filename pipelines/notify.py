"""Telling people about failed runs: e-mail and a web address, when the job table says so. Never a record, never its text.

A message names the job, its period and how it ended; what was wrong stands in the app and in `registry jobs history`.
"""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from registry.errors import BadInput, NotReady, RegistryError

if TYPE_CHECKING:
    from registry.service.remote import AnySession

SECONDS: Final = 15.0
_ENDS: Final = {"failed": "failed", "problems": "ended with problems"}


def sentence(run: Mapping[str, Any]) -> str:
    """What happened, in one line.

    >>> sentence({"job": "backup", "title": "Backup", "period": "2026-11-22", "state": "failed", "attempt": 4})
    'Backup of 2026-11-22 failed (attempt 4)'
    """
    return f"{run['title']} of {run['period']} {_ENDS[run['state']]} (attempt {run['attempt']})"


def tell(session: AnySession, settings: Mapping[str, Any], runs: list[dict[str, Any]]) -> None:
    """Tell each run's end by every way that is set, once; keep whether it worked."""
    for run in runs:
        errors = [
            error
            for way, send in (("email", _email), ("webhook", _webhook))
            if settings.get(way) and (error := _tried(send, settings[way], run))
        ]
        session.run("jobs.notified", run_id=run["run_id"], error="; ".join(errors) or None)


def _tried(send: Any, settings: Mapping[str, Any], run: Mapping[str, Any]) -> str | None:
    """None, or one line on why it could not be sent; an error's own text may hold what a server said: not kept."""
    try:
        send(settings, run)
    except RegistryError as error:
        return str(error)
    except smtplib.SMTPResponseException as error:
        return f"e-mail: the server answered {error.smtp_code}"
    except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
        return f"{'e-mail' if send is _email else 'webhook'}: {type(error).__name__}"
    return None


def _secret(settings: Mapping[str, Any], name: str) -> str | None:
    """A password or token: from the file or the environment variable that the job table names.

    Raises:
        BadInput: it is named but not there.
    """
    if file := settings.get(f"{name}_file"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadInput(f"{name}_file", "cannot be read", "check its path and permission") from None
    if variable := settings.get(f"{name}_env"):
        if variable not in os.environ:
            raise BadInput(variable, "is not set in the environment", f"or name a {name}_file")
        return os.environ[variable]
    return None


def _trust(settings: Mapping[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.get("ca_file"))


def _email(settings: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"] = f"Registry: {sentence(run)}"
    message["From"], message["To"] = settings["from"], ", ".join(settings["to"])
    message["Message-ID"] = make_msgid(domain=str(settings["from"]).rpartition("@")[2] or "registry")
    message.set_content(f"{sentence(run)}.\n\nSee the jobs screen, or: registry jobs history {run['job']}\n")
    port = settings.get("port", 587)
    kind = {465: smtplib.SMTP_SSL}.get(port)
    server = (
        kind(settings["host"], port, timeout=SECONDS, context=_trust(settings))
        if kind
        else smtplib.SMTP(settings["host"], port, timeout=SECONDS)
    )
    with server:
        if not kind and settings.get("starttls", True):
            server.starttls(context=_trust(settings))
        if user := settings.get("user"):
            password = _secret(settings, "password")
            if password is None:
                raise BadInput(
                    "[notify.email]", "has a user and no password", "name password_file or password_env"
                )
            server.login(user, password)
        server.send_message(message)


def _webhook(settings: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    address = urlsplit(settings["url"])
    body = {"text": sentence(run), **{name: run[name] for name in ("job", "period", "state", "attempt")}}
    headers = {"Content-Type": "application/json"}
    if token := _secret(settings, "token"):
        headers["Authorization"] = f"Bearer {token}"
    host = address.hostname or ""
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection(host, address.port, timeout=SECONDS, context=_trust(settings))
        if address.scheme == "https"
        else http.client.HTTPConnection(host, address.port, timeout=SECONDS)
    )
    try:
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection.request("POST", path, json.dumps(body).encode(), headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotReady("webhook", f"the server answered {status}")
