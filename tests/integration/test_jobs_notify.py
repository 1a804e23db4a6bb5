"""Failures told by e-mail (a real SMTP conversation with STARTTLS) and to a web address; never a word of a record."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipelines import run as runner
from pipelines.notify import tell
from pipelines.run import run_job, work_off
from registry.errors import BadInput
from registry.service import Session
from registry.service.jobs.table import read
from tests.integration.jobs_at import TABLE, Clock, at, make
from tests.received import KEY


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine's own address, with its key, that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + private)
    return path


class Mail(socketserver.StreamRequestHandler):
    """Enough of SMTP: EHLO, STARTTLS, AUTH PLAIN, one message."""

    server: MailServer

    def handle(self) -> None:
        self.say(220, "ready")
        while line := self.rfile.readline():
            words = line.decode().split()
            self.server.heard.append(line.decode().strip())
            match words[0].upper():
                case "EHLO":
                    offered = (
                        ["AUTH PLAIN"] if self.server.secure else ["STARTTLS"] if self.server.tls else []
                    )
                    self.wfile.write("".join(f"250-{each}\r\n" for each in ["localhost", *offered]).encode())
                    self.say(250, "ok")
                case "STARTTLS":
                    self.say(220, "go on")
                    self.begin_tls()
                case "AUTH":
                    self.say(*self.server.login)
                case "DATA":
                    self.say(354, "send")
                    self.message()
                    self.say(250, "kept")
                case "QUIT":
                    self.say(221, "bye")
                    return
                case _:
                    self.say(250, "ok")

    def say(self, code: int, text: str) -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())
        self.wfile.flush()

    def begin_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.server.tls))
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.server.secure = True

    def message(self) -> None:
        text = ""
        while (line := self.rfile.readline().decode()) != ".\r\n":
            text += line
        self.server.messages.append(text)


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, tls: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), Mail)
        self.tls, self.secure = tls, False
        self.heard: list[str] = []
        self.messages: list[str] = []
        self.login = (235, "welcome")


class Hook(http.server.BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.answer)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


class HookServer(http.server.ThreadingHTTPServer):
    def __init__(self, tls: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self.answer = 204
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(str(tls))
            self.socket = context.wrap_socket(self.socket, server_side=True)


def begun(server: Any) -> Any:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def mail(certificate: Path) -> Iterator[MailServer]:
    server = begun(MailServer(certificate))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hook() -> Iterator[HookServer]:
    server = begun(HookServer())
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A registry whose job `derive` fails for good, with words of a record in its error."""
    monkeypatch.delenv("REGISTRY_JOBS", raising=False)

    def fails(_task: Any) -> dict[str, Any]:
        raise BadInput("ALVAREZ MARIA.xml", "patient 078051120 cannot be read")

    monkeypatch.setitem(runner.WORKS, "derive", fails)
    with Session.open(make(tmp_path), key=KEY) as opened:
        yield at(opened, Clock("2026-11-22 12:00"))


def told(session: Session, folder: Path, settings: str) -> dict[str, Any]:
    """Let the job fail and tell it as these settings say; the run as it is kept."""
    (folder / "r.duckdb.jobs.toml").write_text(TABLE + settings)
    run_id = run_job(session, "derive")["run_id"]
    tell(session, read(folder / "r.duckdb").notify, session.run("jobs.look")["notify"])
    return dict(session.run("jobs.show", run_id=run_id)["run"])


def by_mail(server: MailServer, certificate: Path, more: str = "") -> str:
    return f"""[notify.email]\nhost = "localhost"\nport = {server.server_address[1]}\nfrom = "registry@example.org"
to = ["dm@example.org", "it@example.org"]\nca_file = "{certificate}"\n{more}"""


def test_by_e_mail_over_tls_with_a_password(
    session: Session, tmp_path: Path, mail: MailServer, certificate: Path
) -> None:
    (tmp_path / "secret").write_text("pass word\n")
    more = f'user = "registry"\npassword_file = "{tmp_path / "secret"}"\n'
    run = told(session, tmp_path, by_mail(mail, certificate, more))
    assert (run["notify_error"], run["notified_at"] is not None) == (None, True)
    assert mail.secure
    assert any(line.startswith("AUTH PLAIN") for line in mail.heard)
    assert [line for line in mail.heard if line.startswith("rcpt")] == [
        "rcpt TO:<dm@example.org>",
        "rcpt TO:<it@example.org>",
    ]
    (message,) = mail.messages
    assert "Subject: Registry: Derived variables of 2026-11-22 failed (attempt 1)" in message
    assert "registry jobs history derive" in message
    for word in ("ALVAREZ", "078051120", "pass word"):
        assert word not in message
    assert session.run("jobs.look")["notify"] == []  # once


def test_to_a_web_address(
    session: Session, tmp_path: Path, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "t0ken")
    address = f"http://127.0.0.1:{hook.server_address[1]}/hooks/registry?room=1"
    run = told(session, tmp_path, f'[notify.webhook]\nurl = "{address}"\ntoken_env = "HOOK_TOKEN"\n')
    assert run["notify_error"] is None
    ((path, headers, body),) = hook.heard
    assert (path, headers["Authorization"], headers["Content-Type"]) == (
        "/hooks/registry?room=1", "Bearer t0ken", "application/json",
    )  # fmt: skip
    assert body == {
        "text": "Derived variables of 2026-11-22 failed (attempt 1)", "job": "derive", "period": "2026-11-22",
        "state": "failed", "attempt": 1,
    }  # fmt: skip


def test_to_a_web_address_over_tls(session: Session, tmp_path: Path, certificate: Path) -> None:
    server = begun(HookServer(certificate))
    address = f"https://localhost:{server.server_address[1]}/x"
    run = told(session, tmp_path, f'[notify.webhook]\nurl = "{address}"\nca_file = "{certificate}"\n')
    assert (run["notify_error"], len(server.heard)) == (None, 1)
    server.shutdown()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    session: Session, tmp_path: Path, certificate: Path
) -> None:
    server = begun(HookServer(certificate))
    address = f"https://localhost:{server.server_address[1]}/x"
    run = told(session, tmp_path, f'[notify.webhook]\nurl = "{address}"\n')
    assert (run["notify_error"], server.heard) == ("webhook: SSLCertVerificationError", [])
    server.shutdown()
    server.server_close()


def test_a_mail_server_without_tls_gets_no_password(
    session: Session, tmp_path: Path, certificate: Path
) -> None:
    server = begun(MailServer(None))
    run = told(session, tmp_path, by_mail(server, certificate, 'user = "registry"\npassword_env = "HOME"\n'))
    assert run["notify_error"] == "e-mail: SMTPNotSupportedError"
    assert (server.messages, [line for line in server.heard if "AUTH" in line]) == ([], [])
    server.shutdown()
    server.server_close()


def test_what_could_not_be_told_is_kept(
    session: Session, tmp_path: Path, mail: MailServer, hook: HookServer, certificate: Path
) -> None:
    mail.login, hook.answer = (535, "no: ALVAREZ"), 302
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
    more = 'user = "registry"\npassword_env = "HOME"\n'
    address = f"http://127.0.0.1:{hook.server_address[1]}/"
    run = told(session, tmp_path, by_mail(mail, certificate, more) + f'[notify.webhook]\nurl = "{address}"\n')
    assert run["notify_error"] == "e-mail: the server answered 535; webhook: the server answered 302"
    assert run["state"] == "failed"  # telling it changes nothing about the run
    assert len(hook.heard) == 1  # nobody follows to elsewhere


def test_a_server_that_is_not_there(session: Session, tmp_path: Path) -> None:
    settings = '[notify.webhook]\nurl = "http://127.0.0.1:9/"\n[notify.email]\nhost = "127.0.0.1"\nport = 9\nfrom = "a@b"\nto = ["c@d"]\n'
    run = told(session, tmp_path, settings)
    assert run["notify_error"] == "e-mail: ConnectionRefusedError; webhook: ConnectionRefusedError"


def test_a_password_that_is_not_there_is_said(
    session: Session, tmp_path: Path, mail: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    run = told(
        session, tmp_path, by_mail(mail, certificate, 'user = "r"\npassword_env = "NO_SUCH_PASSWORD"\n')
    )
    assert run["notify_error"] == "NO_SUCH_PASSWORD: is not set in the environment; or name a password_file"


def test_only_what_one_wants_to_hear(
    session: Session, tmp_path: Path, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f'[notify.webhook]\nurl = "http://127.0.0.1:{hook.server_address[1]}/"\n'
    table = tmp_path / "r.duckdb.jobs.toml"
    table.write_text(TABLE + address)
    run_job(session, "edits")
    run_job(session, "linkage")
    assert session.run("jobs.look")["notify"] == []
    table.write_text(TABLE + '[notify]\non = ["failed", "problems"]\n' + address)
    assert [each["job"] for each in session.run("jobs.look")["notify"]] == ["edits"]
    assert work_off(session)[1]["notify"][0]["state"] == "problems"
    table.write_text(TABLE)
    assert session.run("jobs.look")["notify"] == []
