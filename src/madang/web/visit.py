"""One request of a page: who reads, in which language, and how a template becomes the answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from madang.hub.trust.credentials import ROLE_COOKIE
from madang.hub.trust.gate import Admitted
from madang.i18n import (
    DAY,
    HOUR,
    LANGUAGE_NAMES,
    LANGUAGES,
    MESSAGES,
    MINUTE,
    THIN,
    TIE,
    Reader,
    join,
    tie,
)
from madang.trust.access import Access
from madang.trust.identity import Identity, Kind, Permission
from madang.web.assets import Assets, data_block
from madang.web.chart import Chart, Drawing
from madang.web.headers import PAGE_HEADERS, SECURITY_HEADERS
from madang.web.kept import Kept, Seer
from madang.web.show import Fact, Shower
from madang.web.site import Site
from madang.web.stream import Live, Lives

# Messages that islands say; the rest stays on the server
CLIENT_PREFIXES = ("age.", "copy.", "client.")

# The pages of those who look after the platform, and whom they are for
ADMINISTRATION: Final = (
    ("/admin/members", Permission.MEMBERS),
    ("/admin/clients", Permission.MEMBERS),
    ("/admin/policies", Permission.POLICIES),
    ("/admin/audit", Permission.AUDIT),
    ("/admin/privacy", Permission.PRIVACY),
)


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("madang.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["tie"] = tie
    made.globals.update(TIE=TIE, THIN=THIN, data_block=data_block)
    return made


class Shared(msgspec.Struct, frozen=True):
    """What all visits share: the site, the web build, the live stream, map answers that are kept."""

    site: Site
    assets: Assets
    lives: Lives
    kept: Kept


class Visit:
    """What every handler of a page takes. admitted: who reads, and what they may see."""

    def __init__(self, request: Request, shared: Shared, language: str, admitted: Admitted) -> None:
        self.request = request
        self.site = shared.site
        self.assets = shared.assets
        self.kept = shared.kept
        self.identity: Identity = admitted.identity
        self.access: Access = admitted.access
        self.live: Live = shared.lives.of(self.access.tenant)
        self.reader = Reader(language, shared.site.zone, shared.site.hub.clock.now())

    @cached_property
    def shower(self) -> Shower:
        return Shower(self.site.city, self.site.hub.contexts.own, self.reader)

    @property
    def seer(self) -> Seer:
        """To whom the same is shown as to this reader."""
        return Seer(self.access.tenant, self.access.view)

    def may(self, permission: Permission) -> bool:
        """Whether this reader has the permission; what needs others is not offered to them. A template gives its value."""
        return self.site.gate.permits(self.identity, permission)

    @property
    def language(self) -> str:
        return self.reader.language

    def t(self, key: str, **values: object) -> str:
        return self.reader.t(key, **values)

    def known(self, key: str) -> str:
        """The message, or "" where there is none: for what comes from outside."""
        return self.reader.known(key)

    # --- addresses ---

    def url(self, path: str, query: Mapping[str, Any] | None = None) -> str:
        """The address of a page in the reader's language. path: "/city". Values of the query that are "" go."""
        found = f"/{self.language}{path}"
        pairs = [(name, value) for name, value in (query or {}).items() if value not in ("", None)]
        return found + ("?" + urlencode(pairs, doseq=True, safe=":,/") if pairs else "")

    def entity_url(self, entity_id: str) -> str:
        return self.url("/entities/" + quote(entity_id, safe=":"))

    def type_url(self, iri: str, query: Mapping[str, Any] | None = None) -> str:
        term = self.site.hub.contexts.own.compact(iri)
        return self.url("/types/" + quote(term, safe=":"), query)

    def source_url(self, source_id: str) -> str:
        return self.url("/data/sources/" + quote(source_id, safe=""))

    # --- answers ---

    def html(self, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        text = environment().get_template(template).render(**self._common(), **values)
        return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)

    def json(self, value: object, headers: Mapping[str, str] | None = None) -> Response:
        content = orjson.dumps(value)
        return Response(
            content,
            headers={**SECURITY_HEADERS, "Cache-Control": "no-cache", **(headers or {})},
            media_type="application/json",
        )

    def _common(self) -> dict[str, Any]:
        other = next(language for language in LANGUAGES if language != self.language)
        path, query = self.request.url.path, self.request.url.query
        rest = path.split("/", 2)[2] if path.count("/") > 1 else "city"
        theme = self.request.cookies.get("theme")
        return {
            "visit": self,
            "reader": self.reader,
            "t": self.t,
            "url": self.url,
            "assets": self.assets,
            "city": self.site.city,
            "city_name": self.shower.pick(self.site.city.name) or self.site.city.id,
            "theme": theme if theme in ("light", "dark") else "",
            "other_language": other,
            "other_language_name": LANGUAGE_NAMES[other],
            "other_url": f"/{other}/{rest}" + (f"?{query}" if query else ""),
            "client_messages": client_messages(self.language),
            "city_analysed": self.site.outcomes is not None,
            "signed_in": self.identity.kind is Kind.PERSON,
            "knows_people": self.site.parts is not None
            and (self.identity.kind is Kind.PERSON or not self.site.gate.open),
            "administration": self._administration(),
            "trial": self._trial(),
            "here": path + (f"?{query}" if query else ""),
            "icon": icon,
            "source_line": source_line,
            "source_link": source_link,
            "anchor": anchor,
            "hidden_inputs": hidden_inputs,
            "layer_key": layer_key,
            "period": self.period,
            "table_time": self.table_time,
            "words": self.words,
            "drawing_points": self.points,
            "age": self.age,
        }

    def _administration(self) -> str:
        """The first page of those for whoever looks after the platform that this reader has, "" for none."""
        return next((self.url(path) for path, permission in ADMINISTRATION if self.may(permission)), "")

    def _trial(self) -> list[Mapping[str, Any]]:
        """The roles that can be tried without an account: those of an open city."""
        if not self.site.gate.open or self.site.parts is None:
            return []
        chosen = self.request.cookies.get(ROLE_COOKIE, "")
        return [
            {"id": role.name, "label": self.shower.pick(dict(role.labels)), "chosen": role.name == chosen}
            for role in self.site.policies.book.roles.values()
        ]

    def age(self, moment: int) -> Markup:
        """How long ago, in an element that goes on counting while the page stays open."""
        stamp = self.reader.local(moment).isoformat()
        return Markup('<time datetime="{}" data-age>{}</time>').format(stamp, self.reader.age(moment))

    def words(self, fact: Fact, value: float) -> str:
        """A value of the fact's attribute without its unit, with the decimals that it is worth."""
        term = self.shower.term(fact.name)
        if term and term.unit == "" and term.decimals == 0:
            return str(round(value))
        return self.reader.number(value, term.decimals if term else None)

    def points(self, chart: Chart, drawing: Drawing) -> Markup:
        """[x, y, what the pointer says] of every value of a drawing, as JSON."""
        unit = THIN + chart.fact.unit if chart.fact.unit else ""
        found = [
            [x, y, f"{self.words(chart.fact, value)}{unit}{TIE}· {self.reader.moment(moment)}"]
            for x, y, moment, value in drawing.points
        ]
        return Markup(orjson.dumps(found).decode().replace("<", "\\u003c"))  # noqa: S704 - JSON without "<"

    def period(self, length: int) -> str:
        """A length of time in words."""
        for unit, microseconds in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
            if length >= microseconds:
                return self.t(f"period.{unit}", count=length // microseconds)
        return self.t("period.minute", count=1)

    def table_time(self, begin: int, bucket: int) -> str:
        """The beginning of a row of a table, as exactly as the row is long."""
        return self.reader.moment(begin, "day" if bucket >= DAY else "moment")


@cache
def client_messages(language: str) -> dict[str, str]:
    return {
        key: text
        for key, text in MESSAGES[language].items()
        if key.startswith(CLIENT_PREFIXES) and isinstance(text, str)
    }


def icon(name: str) -> Markup:
    return Markup(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><use href="#i-{}"/></svg>'
    ).format(name)


def anchor(address: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)


def source_link(provenance: Mapping[str, Any]) -> Markup:
    return anchor(provenance["url"], provenance["name"])


def hidden_inputs(query: Mapping[str, Any]) -> Markup:
    """The parameters that a form takes along."""
    pairs = [
        (name, one)
        for name, value in query.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(*pair) for pair in pairs
    )


KEYS = {
    "value": '<circle cx="9" cy="9" r="6.5" fill="var(--seq-4)" stroke="var(--rule-control)"/>',
    "point": '<circle cx="9" cy="9" r="5" fill="var(--surface)" stroke="var(--cat-{tone})" stroke-width="2"/>',
    "line": '<path d="M3 13 8 6l3 4 4-6" fill="none" stroke="var(--cat-{tone})" stroke-width="2"/>',
    "area": '<rect x="3.5" y="3.5" width="11" height="11" fill="var(--cat-{tone})" fill-opacity=".5" stroke="var(--rule-control)"/>',
    "green": '<rect x="3" y="3.5" width="12" height="11" rx="3" fill="var(--map-green)" stroke="var(--map-green-2)"/>',
    "water": '<rect x="3" y="3.5" width="12" height="11" rx="3" fill="var(--map-water)" stroke="var(--map-water-edge)"/>',
    "roads": '<path d="M3 14 14 4" fill="none" stroke="var(--rule-control)" stroke-width="5.5"/><path d="M3 14 14 4" fill="none" stroke="var(--map-road-1)" stroke-width="3.5"/>',
    "building": '<path d="M3 12V7l5-3 7 2.5V12l-7 2.5z" fill="var(--map-roof)" stroke="var(--map-edge)"/>',
}


def layer_key(view: Any) -> Markup:
    """The mark beside a layer's name, as the map draws it."""
    drawn = Markup(KEYS[view.ground or view.layer.style.value]).format(tone=view.tone or 1)  # noqa: S704 - a constant of ours
    return Markup('<svg class="key" viewBox="0 0 18 18" aria-hidden="true">{}</svg>').format(drawn)


def source_line(*parts: Any) -> Markup:
    """ "출처 환경관측망 · 3분 전": parts that are there, each separator tied to the word before it."""
    return Markup(join([str(Markup("{}").format(part)) for part in parts if part]))  # noqa: S704 - parts are escaped
