"""What the server gives to whom, without a browser: sign-in, guard, downloads, headers."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboards import door, downloads, icon, sign_in
from dashboards.guard import Guard
from registry.errors import Denied
from registry.security import Actor

WORDS = "tulips in the north window"


class Service:
    """Just enough of a service to stand behind the routes."""

    def __init__(self) -> None:
        self.sessions: dict[str, Actor] = {}
        self.recorded: list[dict[str, Any]] = []

    def as_actor(self, actor: Actor) -> Service:
        return self

    def run(self, operation: str, /, **arguments: Any) -> Any:
        return getattr(self, operation.replace(".", "_"))(**arguments)

    def session_sign_in(self, name: str, password: str) -> tuple[str, Actor]:
        if password != WORDS:
            raise Denied("sign-in", "name or password is wrong")
        token, actor = secrets.token_urlsafe(), Actor(name, "registrar")
        self.sessions[token] = actor
        return token, actor

    def session_resume(self, token: str, touch: bool) -> Actor:
        if token not in self.sessions:
            raise Denied("session", "is unknown")
        return self.sessions[token]

    def session_sign_out(self, token: str) -> None:
        self.sessions.pop(token, None)

    def followup_list(self) -> pl.DataFrame:
        return pl.DataFrame({"nameLast": ["=1+1"], "patient_id": [17]})

    def quality_report_document(self, format: str) -> dict[str, Any]:
        return {"name": f"report.{format}", "media_type": "text/html", "content": b"<p>figures</p>"}

    def downloads_record(self, **facts: Any) -> None:
        self.recorded.append(facts)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    door.use(lambda: made)
    yield made
    door._factory = None


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    async def said(_request: object) -> PlainTextResponse:
        return PlainTextResponse("inside")

    app = Starlette(
        routes=[
            *sign_in.routes("Made-up people only."),
            *downloads.routes(),
            *icon.routes(),
            Route("/", said),
            Route("/media/{name}", said),
            Route("/static/x.js", said),
            Route("/_stcore/{name}", said),
            Route("/api/run", said, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, token_paths=frozenset({"/api/run"}))],
    )
    with TestClient(app, follow_redirects=False) as opened:
        yield opened


def enter(client: TestClient, **more: str) -> None:
    answer = client.post("/sign-in", data={"name": "anna", "password": WORDS, **more})
    assert answer.status_code == 303


@pytest.mark.parametrize("path", ["/", "/media/x.csv", "/_stcore/stream", "/_stcore/metrics", "/download/x"])
def test_nothing_without_a_session(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert "inside" not in client.get(path).text


@pytest.mark.parametrize("path", ["/static/x.js", "/_stcore/health", "/sign-in", "/favicon.png"])
def test_what_is_the_same_for_everybody_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_made_up_token_is_no_session(client: TestClient) -> None:
    client.cookies.set(door.COOKIE, "made-up")
    assert client.get("/").status_code == 401


def test_media_stays_closed_with_a_session(client: TestClient) -> None:
    enter(client)
    assert client.get("/").text == "inside"
    assert client.get("/media/x.csv").status_code == 404
    assert client.get("/_stcore/metrics").status_code == 404


def test_loopback_interface_checks_its_own_token(client: TestClient) -> None:
    assert client.post("/api/run").text == "inside"


def test_cookie_is_hidden_from_scripts_and_other_sites(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": "anna", "password": WORDS})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    client.base_url = client.base_url.copy_with(scheme="https")
    assert (
        "secure"
        in client.post("/sign-in", data={"name": "anna", "password": WORDS}).headers["set-cookie"].lower()
    )


def test_wrong_password_says_so_without_a_cookie(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": '"><script>', "password": "no"})
    assert answer.status_code == 401 and "wrong" in answer.text
    assert "<script>" not in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("/record?patient=17", "/record?patient=17"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_sign_in_one_stays_on_this_server(client: TestClient, to: str, where: str) -> None:
    answer = client.post("/sign-in", data={"name": "anna", "password": WORDS, "to": to})
    assert answer.headers["location"] == where


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/record?patient=17&abstract=3", "/sign-in?to=/record%3Fpatient%3D17%26abstract%3D3"),
        ("/record?name=rivera", "/sign-in?to=/record"),
        ("/", "/sign-in"),
    ],
)
def test_the_way_to_sign_in_keeps_numbers_only(client: TestClient, asked: str, told: str) -> None:
    answer = client.get(asked, headers={"accept": "text/html"})
    assert answer.status_code == 303 and answer.headers["location"] == told


def test_a_link_from_elsewhere_takes_one_hop_of_our_own(client: TestClient) -> None:
    answer = client.get("/", headers={"accept": "text/html", "sec-fetch-site": "cross-site"})
    assert answer.status_code == 200 and "refresh" in answer.text and "inside" not in answer.text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_other_sites_cannot_sign_in_or_out(
    client: TestClient, service: Service, headers: dict[str, str]
) -> None:
    answer = client.post("/sign-in", data={"name": "anna", "password": WORDS}, headers=headers)
    assert answer.status_code == 403 and not service.sessions
    enter(client)
    client.get("/sign-out", headers=headers)
    assert service.sessions


def test_signing_in_again_ends_the_earlier_session(client: TestClient, service: Service) -> None:
    enter(client)
    enter(client)
    assert len(service.sessions) == 1


def test_sign_out_ends_the_session(client: TestClient, service: Service) -> None:
    enter(client)
    assert client.get("/sign-out").headers["location"] == "/sign-in"
    assert not service.sessions and client.get("/").status_code == 401


def test_a_huge_form_is_refused(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": "anna", "password": "x" * 100_000})
    assert answer.status_code == 401


def test_own_pages_are_not_kept_by_caches(client: TestClient) -> None:
    enter(client)
    answer = client.get("/")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "cache-control" not in client.get("/static/x.js").headers


def test_a_ticket_belongs_to_one_session_and_is_audited(client: TestClient, service: Service) -> None:
    enter(client)
    token = client.cookies[door.COOKIE]
    owner = downloads._hash(token)
    downloads._tickets["t1"] = downloads.Ticket(owner, "list.csv", "followup.list")
    answer = client.get("/download/t1")
    assert answer.headers["content-disposition"] == 'attachment; filename="list.csv"'
    assert answer.content.decode("utf-8-sig").splitlines() == ["nameLast,patient_id", "'=1+1,17"]
    assert service.recorded[0]["rows"] == 1 and len(service.recorded[0]["sha256"]) == 64
    client.cookies.clear()
    enter(client)
    assert client.get("/download/t1").status_code == 404
    assert client.get("/download/never").status_code == 404


def test_a_document_is_given_as_it_is_and_audited(client: TestClient, service: Service) -> None:
    enter(client)
    owner = downloads._hash(client.cookies[door.COOKIE])
    ticket = downloads.Ticket(owner, "any", "quality.report_document", {"format": "html"})
    downloads._tickets["t2"] = ticket
    answer = client.get("/download/t2")
    assert answer.content == b"<p>figures</p>" and answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    (facts,) = service.recorded
    assert facts["name"] == "report.html" and facts["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_websocket_is_closed_without_a_session(client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/_stcore/stream"):
        pass
    assert closed.value.code == 4401
