"""Every page is for everyone: axe finds nothing, in both languages, at a desk and on a phone, and keys alone suffice.

The pages are those of the table of routes: a new one must be named here, or be named as something that is no page.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.web.axe import require_for_everyone
from tests.web.conftest import Watched
from tests.web.governed import LOGIN, PASSWORD, Governed, govern

from madang.clock import SystemClock
from madang.hub.trust.audit_review import month_of
from madang.hub.trust.credentials import SESSION_COOKIE
from madang.web import app

FIRM = "urn:ngsi-ld:Organization:saem:firms:1"
STATION = "urn:ngsi-ld:AirQualityObserved:saem:stations:s1"
THIS_MONTH = month_of(SystemClock().now(), ZoneInfo("Asia/Seoul"))
SCREENS = [(1440, "light"), (360, "dark")]
# Each language and each screen once; that Korean fits a phone too is seen on the way
LOOKS = list(zip(SCREENS, ["ko", "en"], strict=True))

# Addresses of every page, by its path in the table; "{}" is the language
ADDRESSES = {
    "/{language}/types/{type:path}/export": ("/{}/types/Person/export?purpose=rights",),
    "/{language}/ecosystem": ("/{}/ecosystem",),
    "/{language}/ecosystem/components": ("/{}/ecosystem/components",),
    "/{language}/ecosystem/flows": ("/{}/ecosystem/flows",),
    "/{language}/ecosystem/industry": ("/{}/ecosystem/industry",),
    "/{language}/ecosystem/strategies": ("/{}/ecosystem/strategies",),
    "/{language}/ecosystem/network": ("/{}/ecosystem/network",),
    "/{language}/ecosystem/firms": ("/{}/ecosystem/firms?map=1&sort=partners",),
    "/{language}/ecosystem/compare": ("/{}/ecosystem/compare",),
    "/{language}/ecosystem/firms/{id:path}": (f"/{{}}/ecosystem/firms/{FIRM}",),
    "/{language}/ecosystem/review": ("/{}/ecosystem/review?category=class",),
    "/{language}/why": (f"/{{}}/why?entity={STATION}",),
    "/{language}/admin/policies": ("/{}/admin/policies",),
    "/{language}/admin/policies/edit": (
        "/{}/admin/policies/edit",
        "/{}/admin/policies/edit?id=ordinary-reading",
    ),
    "/{language}/admin/audit": (
        "/{}/admin/audit",
        "/{}/admin/audit?chain=platform&check=1",
        "/{}/admin/audit?subject=nobody",
    ),
    "/{language}/admin/audit/months/{month}": (
        "/{}/admin/audit/months/2026-01",
        f"/{{}}/admin/audit/months/{THIS_MONTH}",
    ),
    "/{language}/my/data": ("/{}/my/data",),
    "/{language}/admin/privacy": ("/{}/admin/privacy",),
    "/{language}/my": ("/{}/my",),
    "/{language}/my/keys": ("/{}/my/keys",),
    "/{language}/my/clients": ("/{}/my/clients",),
    "/{language}/admin/members": ("/{}/admin/members",),
    "/{language}/admin/members/{number:int}": ("/{}/admin/members/2",),
    "/{language}/admin/clients": ("/{}/admin/clients",),
}
# Those that visitors see, who have not signed in
VISITED = {
    "/{language}/sign-in": ("/{}/sign-in",),
    "/{language}/welcome/{secret}": ("INVITATION", "/{}/welcome/used-up"),
    "/{rest:path}": ("/{}/nowhere", "/{}/admin/audit"),
}
# Those that test_browser.py looks at, in an open city
ELSEWHERE = frozenset(
    {
        *("/{language}/city", "/{language}/search", "/{language}/data", "/{language}/data/sources/{source}"),
        *("/{language}/data/deliveries", "/{language}/types/{type:path}", "/{language}/entities/{id:path}"),
    }
)
NO_PAGES = frozenset(
    {
        *("/", "/ko", "/en", "/static/icon.svg", "/static/build/{name:path}", "/stream"),
        *("/{language}/city/panel", "/{language}/city/overview", "/{language}/city/search"),
        *("/{language}/city/hours", "/{language}/city/layers/{layer}", "/{language}/city/ground/{role}"),
        *("/{language}/entities/{id:path}/history", "/{language}/ecosystem/data/{file}"),
        "/{language}/ecosystem/report.{form}",
        *("/{language}/ecosystem/firms/{id:path}/data/{file}", "/{language}/ecosystem/compare/data/{file}"),
        *("/{language}/sign-in/{provider}", "/sign-in/return"),
    }
)


def of(table: dict[str, tuple[str, ...]]) -> list[str]:
    return [address for addresses in table.values() for address in addresses]


@pytest.fixture(scope="module")
def governed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    city = govern(tmp_path_factory.mktemp("governed"))
    yield city
    city.platform.stop()


def opened(browser: Browser, city: Governed, screen: tuple[int, str], *, known: bool) -> Iterator[Watched]:
    width, scheme = screen
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="ko-KR",
        reduced_motion="reduce",
    )
    if known:
        context.add_cookies([{"name": SESSION_COOKIE, "value": city.session, "url": city.url}])
    watched = Watched(context, city.url)
    yield watched
    context.close()


@pytest.fixture
def member(browser: Browser, governed: Governed, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Who has every role. parametrize indirectly with (width, colour scheme)."""
    yield from opened(browser, governed, getattr(request, "param", SCREENS[0]), known=True)


@pytest.fixture
def visitor(browser: Browser, governed: Governed, request: pytest.FixtureRequest) -> Iterator[Watched]:
    yield from opened(browser, governed, getattr(request, "param", SCREENS[0]), known=False)


def test_every_page_is_looked_at() -> None:
    pages = {page.path for page in app.PAGES if page.method == "GET"}
    named = {*ADDRESSES, *VISITED, *ELSEWHERE, *NO_PAGES}
    assert pages == named, f"not named here: {sorted(pages - named)}; no pages: {sorted(named - pages)}"


@pytest.mark.parametrize("address", of(ADDRESSES))
@pytest.mark.parametrize(("member", "language"), LOOKS, indirect=["member"], ids=["desk", "phone"])
def test_pages_are_for_everyone(member: Watched, language: str, address: str) -> None:
    look(member, language, address.format(language))
    assert not member.faults, "\n".join(member.faults)


@pytest.mark.parametrize("address", of(VISITED))
@pytest.mark.parametrize(("visitor", "language"), LOOKS, indirect=["visitor"], ids=["desk", "phone"])
def test_pages_are_for_visitors(visitor: Watched, governed: Governed, language: str, address: str) -> None:
    path = f"/{language}{governed.invitation}" if address == "INVITATION" else address.format(language)
    look(visitor, language, path)


def look(watched: Watched, language: str, path: str) -> None:
    require_for_everyone(watched.open(path), language)


TABBABLE = """() => {
    const found = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')];
    const shown = found.filter(one => one.checkVisibility({checkVisibilityCSS: true}) && !one.disabled
        && !(one.type === 'radio' && !one.checked && document.querySelector(`input[name="${one.name}"]:checked`)));
    const names = new Set();
    window.expected = shown.filter(one => {
        if (one.type !== 'radio') return true;
        const first = !names.has(one.name);
        names.add(one.name);
        return first;
    });
    window.reached = new Set();
    return window.expected.length;
}"""
FOCUSED = """() => {
    const at = document.activeElement;
    if (at === document.body) return "";
    window.reached.add(at.type === 'radio' ? at.name : at);
    // The ring may be drawn around what a hidden input stands for
    // The parts of a date draw it themselves
    if (at.matches('input[type^="date"], input[type="month"], input[type="time"]')) return "";
    const ringed = one => one && (getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none');
    return ringed(at) || ringed(at.closest('label')) || ringed(at.parentElement) ? "" : at.outerHTML.slice(0, 200);
}"""
MISSED = """() => window.expected.filter(one => !window.reached.has(one.type === 'radio' ? one.name : one))
    .map(one => one.outerHTML.slice(0, 160))"""


@pytest.mark.parametrize("address", [*of(ADDRESSES), "/{}/data", "/{}/types/Building"])
def test_everything_is_reached_by_tab_and_shows_it(member: Watched, address: str) -> None:
    page = member.open(address.format("ko"))
    # A date is several stops
    for _ in range(page.evaluate(TABBABLE) + 8 * page.locator('input[type^="date"]').count() + 3):
        page.keyboard.press("Tab")
        unseen = page.evaluate(FOCUSED)
        assert not unseen, f"nothing shows that this has the focus: {unseen}"
    missed = page.evaluate(MISSED)
    assert not missed, "Tab does not reach: " + "\n".join(missed)


def test_an_auditor_works_with_keys_alone(visitor: Watched) -> None:
    page = visitor.open("/ko/sign-in")
    by_tab(page, page.locator('input[name="login"]'))
    page.keyboard.type(LOGIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".topbar")).to_contain_text("내 계정")
    visitor.open("/ko/admin/audit")
    by_tab(page, page.locator("#deed"))
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    by_tab(page, page.locator("form[role=search] button"))
    page.keyboard.press("Enter")
    expect(page.locator("#entries tbody tr")).to_have_count(12)
    by_tab(page, page.locator("#months a").first)
    page.keyboard.press("Enter")
    expect(page.locator("#subjects tbody")).to_contain_text("김미나")
    by_tab(page, page.locator("#note"))
    page.keyboard.type("내려받은 사유를 모두 확인함")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#review dl")).to_contain_text("내려받은 사유를 모두 확인함")


def by_tab(page: Page, wanted: Locator) -> None:
    for _ in range(200):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def test_without_scripts_the_audit_can_be_used(browser: Browser, governed: Governed) -> None:
    context = browser.new_context(java_script_enabled=False, locale="ko-KR")
    context.add_cookies([{"name": SESSION_COOKIE, "value": governed.session, "url": governed.url}])
    page = context.new_page()
    page.goto(f"{governed.url}/en/admin/audit")
    page.locator("#deed").select_option("download")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#entries tbody tr")).to_have_count(12)
    page.locator("#reason").fill("yearly report")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    assert waiting.value.path().read_bytes().startswith(b"\xef\xbb\xbfnumber,time,subject,deed")
    context.close()
