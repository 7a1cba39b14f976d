"""What a page may cost those who open it: bytes, requests, time to its content, no jumping.

The figures are those of a first visit, nothing cached, on a line of 10 Mbit/s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
#: Bytes per second of 10 Mbit/s.
LINE = 10_000_000 / 8
MOST_SCRIPT_BYTES = 200_000
MOST_BYTES = 700_000
MOST_REQUESTS = 40
MOST_LCP_MS = 2_000
#: "Good" of the Core Web Vitals is 0.1; pages that are drawn whole need none of it.
MOST_SHIFT = 0.02
MEASURE = """async () => {
  const seen = (type) => new Promise((done) => {
    const entries = [];
    const watch = new PerformanceObserver((list) => entries.push(...list.getEntries()));
    watch.observe({ type, buffered: true });
    setTimeout(() => { watch.disconnect(); done(entries); }, 300);
  });
  const [paints, shifts] = [await seen("largest-contentful-paint"), await seen("layout-shift")];
  const loads = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const bytes = (list) => list.reduce((sum, one) => sum + one.transferSize, 0);
  return {
    lcp_ms: Math.max(0, ...paints.map((paint) => paint.startTime)),
    shift: shifts.filter((one) => !one.hadRecentInput).reduce((sum, one) => sum + one.value, 0),
    bytes: bytes(loads),
    script_bytes: bytes(loads.filter((one) => /\\.js(\\?|$)/.test(one.name))),
    requests: loads.length,
  };
}"""  # noqa: E501


def first_visit(page: Page, address: str) -> dict[str, Any]:
    """Open a page with nothing cached, on a slow line, and measure it."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 20, "downloadThroughput": LINE, "uploadThroughput": LINE},
    )
    page.goto(address, wait_until="networkidle")
    measured: dict[str, Any] = page.evaluate(MEASURE)
    session.detach()
    return measured


def over_budget(measured: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that are over their budgets."""
    budgets = {
        "lcp_ms": MOST_LCP_MS,
        "shift": MOST_SHIFT,
        "bytes": MOST_BYTES,
        "script_bytes": MOST_SCRIPT_BYTES,
        "requests": MOST_REQUESTS,
    }
    return {name: measured[name] for name, most in budgets.items() if measured[name] > most}


@pytest.mark.parametrize("width", [1280, pytest.param(375, marks=pytest.mark.thorough)])
def test_no_page_costs_more_than_its_budget(
    open_page: PageMaker, ana: str, two_catalogs: list[str], width: int
) -> None:
    page = open_page(ana, width=width)
    product = f"/product/{two_catalogs[0]}"
    for address in (
        "/",
        "/products",
        product,
        f"{product}/data",
        f"{product}/plots",
        "/product/new",
        "/pipelines/combine-redshift-catalogs",
        "/jobs",
        "/account/tokens",
    ):
        tries = [first_visit(page, address)]
        if over_budget(tries[0]).keys() == {"lcp_ms"}:
            # The machine may have been busy with other tests; bytes and jumps depend on nothing.
            tries.append(first_visit(page, address))
        assert (address, over_budget(tries[-1])) == (address, {})


def test_the_start_page_of_visitors_is_within_its_budget(open_page: PageMaker, ana: str) -> None:
    page = open_page(ana)
    page.context.clear_cookies()

    assert over_budget(first_visit(page, "/")) == {}
    assert over_budget(first_visit(page, "/login")) == {}
