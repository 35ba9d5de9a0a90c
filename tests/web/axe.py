"""What every page must keep: axe-core finds nothing, the language is named, nothing scrolls sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

_AXE: Final = Path(__file__).parents[2] / "web-src" / "node_modules" / "axe-core" / "axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_FITS: Final = "document.documentElement.scrollWidth <= innerWidth"


def require_for_everyone(page: Page, language: str) -> None:
    """Of the page as it stands, and then that it fits a phone."""
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert page.evaluate(_FITS), "the page scrolls sideways"
    # Not as a script of the page, which allows none from elsewhere
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": _AXE.read_text()})
    found = page.evaluate("rules => axe.run({runOnly: rules})", _RULES)
    assert len(found["passes"]) > 10
    told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
    assert not told, "\n".join(told)
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate(_FITS), "on a phone it scrolls sideways"
