"""The tabs of the pages for those who look after the platform: those that a reader has."""

from __future__ import annotations

from madang.web.visit import ADMINISTRATION, Visit


def tabs(visit: Visit) -> list[dict[str, str]]:
    """id: the end of the page's address."""
    found = [(path.rpartition("/")[2], path) for path, permission in ADMINISTRATION if visit.may(permission)]
    return [
        {"id": name, "url": visit.url(path), "name": visit.t(f"administration.{name}")}
        for name, path in found
    ]
