"""Pictures of every page of a served demo: `python -m tools.screenshots DEMO_FOLDER OUT [--port 8501]`.

Serve the demo first (`registry demo`). Needs Chromium at /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def main() -> None:
    """Sign in as the demo's manager and take one picture a page."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--account", default="adam")
    given = parser.parse_args()
    password = json.loads((given.demo / "accounts.json").read_text())["password"]
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"http://127.0.0.1:{given.port}/sign-in")
        page.screenshot(path=given.out / "sign-in.png")
        page.fill("input[name=name]", given.account)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_selector("[data-testid=stAppViewContainer]", timeout=60_000)
        page.wait_for_timeout(4000)
        links = page.locator("[data-testid=stTopNavLink]")
        for number in range(links.count()):
            name = links.nth(number).inner_text().split("\n")[-1].strip()
            links.nth(number).click()
            page.wait_for_timeout(6000)
            page.screenshot(path=given.out / f"{name.lower().replace(' ', '-')}.png")
        browser.close()


if __name__ == "__main__":
    main()
