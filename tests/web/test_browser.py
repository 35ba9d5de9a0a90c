"""The pages in a real browser: both languages, phone and desk, by keyboard, live, and nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.serving import Platform
from tests.web.axe import require_for_everyone
from tests.web.conftest import Watched

from madang.clock import SystemClock
from madang.ngsild.times import format_moment

STATION = "urn:ngsi-ld:AirQualityObserved:saem:stations:s1"
PAGES = (
    "/{}/city",
    f"/{{}}/city?select={STATION}",
    f"/{{}}/entities/{STATION}",
    "/{}/types/Building",
    "/{}/types/Building?filter=height%3E%3D900",
    "/{}/types/Building?map=1",
    "/{}/data",
    "/{}/data/sources/stations",
    "/{}/data/deliveries",
    "/{}/search?text=Saemteo",
)
SCREENS = [(1440, "light"), (360, "dark")]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("visit", "language"),
    list(zip(SCREENS, ["ko", "en"], strict=True)),
    indirect=["visit"],
    ids=["desk", "phone"],
)
def test_pages_are_for_everyone(visit: Watched, language: str, path: str) -> None:
    page = visit.open(path.format(language))
    expect(page.locator(".notice")).to_be_visible()
    require_for_everyone(page, language)


def test_the_city_answers_at_once_and_finds_things(visit: Watched) -> None:
    page = visit.open("/ko/city")
    expect(page.locator("#layers .check")).to_have_count(2)
    expect(page.locator("#layers .check .n").first).to_have_text("6")
    page.keyboard.press("/")
    page.keyboard.type("saemteo 3")
    expect(page.locator("#search-results li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#selection h2")).to_have_text("샘터3 측정소")
    assert "select=urn:ngsi-ld:AirQualityObserved:saem:stations:s3" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#overview")).to_be_visible()
    page.go_back()
    expect(page.locator("#selection h2")).to_have_text("샘터3 측정소")


def test_a_click_on_the_map_chooses(visit: Watched) -> None:
    page = visit.open("/en/city?layers=air&at=37.45,126.952400,17,0,0")
    box = page.locator("#map").bounding_box()
    assert box
    page.wait_for_timeout(1500)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#selection h2")).to_have_text("Saemteo 1 station")
    expect(page.locator(".pill-label")).to_contain_text("Saemteo 1 station")


def test_a_value_changes_in_place(visit: Watched, platform: Platform) -> None:
    page = visit.open(f"/en/city?select={STATION}")
    expect(page.locator("#selection .stat .value")).not_to_contain_text("77")
    page.evaluate("window.marked = true")
    now = format_moment(SystemClock().now())
    value = {"type": "Property", "value": 77, "unitCode": "GQ", "observedAt": now}
    answer = page.request.patch(f"{platform.url}/ngsi-ld/v1/entities/{STATION}/attrs/pm25", data=value)
    assert answer.status == 204, answer.text()
    expect(page.locator("#selection .stat .value")).to_contain_text("77")
    expect(page.locator("#selection .stat .grade")).to_have_text("Very bad")
    assert page.evaluate("window.marked"), "the page was loaded anew"


def test_layers_switch_and_the_address_keeps_them(visit: Watched) -> None:
    page = visit.open("/ko/city")
    page.locator('[data-layer="buildings"]').uncheck()
    expect(page.locator("#layers-shown")).to_have_text("1")
    assert "layers=air" in page.url
    visit.open(page.url.removeprefix(visit.url))
    expect(page.locator('[data-layer="buildings"]')).not_to_be_checked()
    page.locator('[data-layer="buildings"]').check()
    page.locator("#building-colour").select_option(label="용도")
    expect(page.locator("#legend-building li")).to_have_count(3)
    assert "colour=" in page.url


def test_what_is_in_view_is_a_list(visit: Watched) -> None:
    page = visit.open("/en/city")
    first = page.locator("#in-view a").first
    expect(first).to_be_visible()
    name = first.inner_text()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#selection h2")).to_have_text(name)


def test_an_entity_tells_its_history(visit: Watched) -> None:
    page = visit.open("/ko/entities/urn:ngsi-ld:AirQualityObserved:saem:stations:s0")
    expect(page.locator("h1")).to_have_text("샘터0 측정소")
    expect(page.locator(".alt-name")).to_have_text("Saemteo 0 station")
    expect(page.locator("svg.chart-wide rect.missing")).to_have_count(1)
    page.locator(".chart-wide").hover()
    expect(page.locator(".chart-wide .pointer text")).to_contain_text("µg/m³")
    page.get_by_role("link", name="7일").click()
    expect(page.locator("svg.chart-wide")).to_be_visible()
    page.locator("#history summary", has_text="표로 보기").click()
    expect(page.locator("#history table")).to_be_visible()
    page.locator("#attribute").select_option(label="기온")
    expect(page).to_have_url(re.compile("attribute=temperature"))
    expect(page.locator(".links").first).to_contain_text("샘터길 0")
    page.locator(".links a", has_text="샘터길 0").first.click()
    expect(page.locator("h1")).to_have_text("샘터길 0")
    expect(page.locator(".links", has_text="샘터0 측정소")).to_be_visible()


def test_a_history_can_be_taken_along(visit: Watched) -> None:
    page = visit.open(f"/en/entities/{STATION}")
    page.locator("#history summary", has_text="Export").click()
    with page.expect_download() as waiting:
        page.locator("#history .menu-items a").first.click()
    lines = waiting.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "observedAt,local,pm25,unitCode"
    assert len(lines) >= 24


def test_a_list_filters_sorts_pages_and_exports(visit: Watched) -> None:
    page = visit.open("/en/types/Building")
    expect(page.locator(".table-work tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".table-work tbody tr")).to_have_count(10)
    visit.open("/en/types/Building")
    page.locator("summary", has_text="Filter").click()
    page.locator("#filter-attribute").select_option(label="Height")
    page.locator("#filter-operator").select_option(label="≥")
    page.locator("#filter-value").fill("50")
    page.keyboard.press("Enter")
    expect(page.locator(".table-work tbody tr")).to_have_count(16)
    expect(page.locator(".chips")).to_contain_text("Height ≥ 50")
    page.locator("thead a", has_text="Height").click()
    expect(page.locator(".table-work tbody tr td.n").first).to_have_text("65")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".table-work tbody tr").nth(1)).to_have_attribute("aria-current", "true")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as waiting:
        page.locator(".menu-items a", has_text="Excel").click()
    content = waiting.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,name_ko,name_en,")
    assert len(content.splitlines()) == 17
    page.keyboard.press("Enter")


def test_by_keyboard_alone(visit: Watched) -> None:
    page = visit.open("/ko/data")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    visit.open("/ko/types/Building")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("샘터길")


def test_the_theme_is_kept(visit: Watched) -> None:
    page = visit.open("/ko/data")
    page.locator("#theme-dark").check(force=True)
    visit.open("/ko/data/sources/plan")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_rows_that_were_left_out_can_be_read(visit: Watched) -> None:
    page = visit.open("/ko/data")
    page.locator("#sources tr", has_text="측정소 목록").get_by_role("link", name="1", exact=True).click()
    expect(page.locator("#rejected tbody tr")).to_have_count(1)
    expect(page.locator("#rejected tbody")).to_contain_text("빠진 측정소")


def test_the_other_language_is_the_same_place(visit: Watched) -> None:
    page = visit.open("/ko/types/Building?filter=height%3E%3D50")
    page.locator(".language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".chips")).to_contain_text("Height ≥ 50")


def test_without_scripts_the_city_can_be_read(visit: Watched, platform: Platform) -> None:
    browser = visit.page.context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{platform.url}/en/search?text=saemteo+2")
    page.get_by_role("link", name="Saemteo 2 station").click()
    expect(page.locator("h1")).to_have_text("Saemteo 2 station")
    expect(page.locator("svg.chart-wide .line")).to_be_attached()
    context.close()
