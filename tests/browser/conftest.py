"""A real server on a small made-up registry, and a real Chromium in front of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
WORDS = "tulips in the north window"
#: Much more is expected of it than came, so that it is overdue.
LATE_FACILITY = "0009990010"
#: account → role, facilities
ACCOUNTS: dict[str, tuple[str, list[str] | None]] = {
    "olga": ("admin", None),
    "quinn": ("quality", None),
    "rita": ("researcher", None),
    "paul": ("manager", None),
    "nora": ("manager", None),  # a test changes her password
    "anna": ("registrar", ["0009990028"]),
}


@dataclass(frozen=True)
class Served:
    """A running server: its address, its log file, the made-up registry behind it."""

    address: str
    log: Path
    abstract_id: int
    patient_id: int
    last_name: str
    foreign_name: str
    pair_patient_id: int


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("app")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    command = [sys.executable, "-m", "tests.browser.serve_registry", str(folder), str(port)]
    with log.open("w") as output:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        facts = _wait(process, folder / "facts.json", port, log)
        yield Served(f"http://127.0.0.1:{port}", log, **facts)
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], facts: Path, port: int, log: Path) -> dict[str, Any]:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        if facts.exists():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return dict(json.loads(facts.read_text()))
        time.sleep(0.2)
    pytest.fail("the server did not start within ten minutes")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="the [browser] extra is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Separate people: each context has its own cookies."""
    opened: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        context.set_default_timeout(60_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def sign_in(served: Served, new_context: Callable[[], BrowserContext]) -> Callable[..., Page]:
    """A page of somebody who is signed in, at a path."""

    def sign_in_at(name: str = "olga", path: str = "/") -> Page:
        page = new_context().new_page()
        enter(page, served.address + path, name)
        settle(page)
        return page

    return sign_in_at


@pytest.fixture(scope="session")
def visit(served: Served, browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    """Look at a page as somebody: one signed-in window a person for all tests that only look."""
    windows: dict[str, Page] = {}

    def go(name: str, path: str) -> Page:
        if name not in windows:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            context.set_default_timeout(60_000)
            windows[name] = context.new_page()
            enter(windows[name], served.address + path, name)
        else:
            windows[name].goto(served.address + path)
        settle(windows[name])
        return windows[name]

    yield go
    for page in windows.values():
        page.context.close()


def enter(page: Page, address: str, name: str) -> None:
    """Open an address and sign in on the way."""
    page.goto(address)
    page.fill("#name", name)
    page.fill("#password", WORDS)
    page.click("button")


def settle(page: Page) -> None:
    """Wait until the script has run and nothing of the page is stale."""
    page.wait_for_selector(".stMain")
    page.wait_for_selector(".rg-who", state="attached")
    page.wait_for_timeout(500)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"
        " && !document.querySelector('[data-testid=stSpinner]')"
        " && !document.querySelector('[data-testid=stSkeleton]')"
    )
    page.wait_for_timeout(300)
