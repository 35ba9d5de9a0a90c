"""The life of entities against a plain model: whatever is done in whatever order, the platform holds what the model
holds, answers only what its OpenAPI document says, and never fails (CIM 009 §5.6).
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.asgi_client import Client, Reply
from tests.conformance.provision import BASE, BATCH, DATASET, NULL
from tests.conftest import NOON

from madang.api.asgi import information_api
from madang.api.openapi import document
from madang.clock import FixedClock
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.context import CORE
from madang.store.sqlite.store import Options, SqliteStore, store_path

PATHS = document()["paths"]
# (name, datasetId) of an instance; its members without datasetId
Key = tuple[str, str | None]
Attributes = dict[Key, dict[str, Any]]

IDS = st.sampled_from([f"urn:ngsi-ld:Car:{n}" for n in range(3)])
TYPES = st.sampled_from(["Car", "Bus"])
NAMES = st.sampled_from(["a", "b", "c"])
DATASETS = st.sampled_from([None, DATASET])
MEMBERS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.integers(-3, 3).map(lambda number: {"type": "Property", "value": number}),
    st.sampled_from(["x", "예"]).map(lambda text: {"type": "Property", "value": text, "unitCode": "C62"}),
    st.sampled_from([1, 2]).map(lambda n: {"type": "Relationship", "object": f"urn:ngsi-ld:Car:{n}"}),
    st.just({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}),
    st.just({"type": "LanguageProperty", "languageMap": {"ko": "가"}}),
)
FRAGMENTS: st.SearchStrategy[Attributes] = st.dictionaries(
    st.tuples(NAMES, DATASETS), MEMBERS, min_size=1, max_size=3
)


def written(attributes: Attributes) -> dict[str, Any]:
    """The attributes as members of an entity in normalized form."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (name, dataset), members in attributes.items():
        found.setdefault(name, []).append(members | ({"datasetId": dataset} if dataset else {}))
    return {name: instances[0] if len(instances) == 1 else instances for name, instances in found.items()}


def read(entity: dict[str, Any]) -> Attributes:
    """The attributes of an entity in normalized form."""
    found: Attributes = {}
    for name, stated in entity.items():
        if name not in ("id", "type"):
            for instance in stated if isinstance(stated, list) else [stated]:
                members = {key: member for key, member in instance.items() if key != "datasetId"}
                found[name, instance.get("datasetId")] = members
    return found


class Life(RuleBasedStateMachine):
    """The model: the type and the attributes of each entity that is."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.types: dict[str, str] = {}
        self.attributes: dict[str, Attributes] = {}
        self.runner.run(self._open())

    async def _open(self) -> None:
        clock, folder = FixedClock(NOON), Path(self.folder.name)
        self.hub = Hub(
            open_store=lambda tenant: SqliteStore(store_path(folder, tenant), clock, Options()),
            has_store=lambda tenant: store_path(folder, tenant).exists(),
            contexts=Contexts(CORE, clock, ()),
            clock=clock,
        )
        self.api = Client(information_api(self.hub, OPEN_GATE))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.hub.close())
            self.runner.close()
            self.folder.cleanup()

    def ask(self, method: str, template: str, path: str, json: Any = None) -> Reply:
        """One request, whose answer must be one that the document names."""
        reply = self.runner.run(self.api.call(method, BASE + path, json=json))
        assert str(reply.status) in PATHS[template][method.lower()]["responses"], reply
        assert reply.status < 500, reply
        return reply

    def change(self, method: str, below: str, entity: str, json: Any = None, query: str = "") -> int:
        """A request on an entity or below it; 404 exactly where there is no such entity."""
        template = "/entities/{entityId}" + below.replace("/attrs/a", "/attrs/{attrId}")
        reply = self.ask(method, template, f"/entities/{entity}{below}{query}", json)
        if entity not in self.types:
            assert reply.status == 404
        return reply.status

    @rule(entity=IDS, kind=TYPES, attributes=FRAGMENTS)
    def create(self, entity: str, kind: str, attributes: Attributes) -> None:
        reply = self.ask(
            "POST", "/entities", "/entities", {"id": entity, "type": kind, **written(attributes)}
        )
        assert reply.status == (409 if entity in self.types else 201)
        if reply.status == 201:
            self.types[entity], self.attributes[entity] = kind, dict(attributes)

    @rule(entity=IDS, kind=TYPES, attributes=FRAGMENTS)
    def replace(self, entity: str, kind: str, attributes: Attributes) -> None:
        if self.change("PUT", "", entity, {"type": kind, **written(attributes)}) == 204:
            self.types[entity], self.attributes[entity] = kind, dict(attributes)

    @rule(entity=IDS, attributes=FRAGMENTS, below=st.sampled_from(["POST /attrs", "PATCH /attrs"]))
    def append_or_update(self, entity: str, attributes: Attributes, below: str) -> None:
        method, path = below.split()
        if self.change(method, path, entity, written(attributes)) == 204:
            self.attributes[entity] |= attributes

    @rule(entity=IDS, attributes=FRAGMENTS)
    def append_what_is_new(self, entity: str, attributes: Attributes) -> None:
        status = self.change("POST", "/attrs", entity, written(attributes), "?options=noOverwrite")
        if entity in self.types:
            assert status == (207 if attributes.keys() & self.attributes[entity].keys() else 204)
            self.attributes[entity] = attributes | self.attributes[entity]

    @rule(entity=IDS, attributes=FRAGMENTS)
    def merge(self, entity: str, attributes: Attributes) -> None:
        if self.change("PATCH", "", entity, written(attributes)) != 204:
            return
        before = self.attributes[entity]
        for key, members in attributes.items():
            same = key in before and before[key]["type"] == members["type"]
            before[key] = before[key] | members if same else members

    @rule(entity=IDS, name=NAMES, dataset=DATASETS)
    def delete_in_a_merge(self, entity: str, name: str, dataset: str | None) -> None:
        gone = {(name, dataset): {"type": "Property", "value": NULL}}
        if self.change("PATCH", "", entity, written(gone)) == 204:
            self.attributes[entity].pop((name, dataset), None)

    @rule(
        entity=IDS,
        key=st.tuples(st.just("a"), DATASETS),
        members=MEMBERS,
        method=st.sampled_from(["PUT", "PATCH"]),
    )
    def write_one(self, entity: str, key: Key, members: dict[str, Any], method: str) -> None:
        body = members | ({"datasetId": key[1]} if key[1] else {})
        status = self.change(method, "/attrs/a", entity, body)
        before = self.attributes.get(entity, {}).get(key)
        if before is None:
            assert status == 404
        elif method == "PATCH" and before["type"] != members["type"]:
            assert status == 400
        else:
            assert status == 204
            self.attributes[entity][key] = members if method == "PUT" else before | members

    @rule(entity=IDS, dataset=DATASETS, every=st.booleans())
    def delete_one(self, entity: str, dataset: str | None, every: bool) -> None:
        query = "?deleteAll=true" if every else f"?datasetId={dataset}" if dataset else ""
        status = self.change("DELETE", "/attrs/a", entity, query=query)
        keys = [
            key for key in self.attributes.get(entity, {}) if key[0] == "a" and (every or key[1] == dataset)
        ]
        assert status == (204 if keys else 404)
        for key in keys:
            del self.attributes[entity][key]

    @rule(entity=IDS)
    def delete(self, entity: str) -> None:
        if self.change("DELETE", "", entity) == 204:
            del self.types[entity], self.attributes[entity]

    @rule(entities=st.lists(st.tuples(IDS, TYPES, FRAGMENTS), min_size=1, max_size=4))
    def upsert(self, entities: list[tuple[str, str, Attributes]]) -> None:
        new = {entity for entity, _, _ in entities} - self.types.keys()
        body = [{"id": entity, "type": kind, **written(attributes)} for entity, kind, attributes in entities]
        reply = self.ask("POST", "/entityOperations/upsert", f"{BATCH.removeprefix(BASE)}/upsert", body)
        assert (reply.status, set(reply.json()) if new else set()) == ((201, new) if new else (204, set()))
        for entity, kind, attributes in entities:
            self.types[entity], self.attributes[entity] = kind, dict(attributes)

    @rule(kind=TYPES, drop=st.booleans())
    def purge(self, kind: str, drop: bool) -> None:
        reply = self.ask("DELETE", "/entities", f"/entities?type={kind}{'&drop=b' if drop else ''}")
        assert reply.status == 204
        for entity in [entity for entity, known in self.types.items() if known == kind]:
            if drop:
                kept = {key: members for key, members in self.attributes[entity].items() if key[0] != "b"}
                self.attributes[entity] = kept
            else:
                del self.types[entity], self.attributes[entity]

    @invariant()
    def the_platform_holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "runner"):
            return
        reply = self.ask("GET", "/entities", "/entities?local=true&count=true")
        found = {entity["id"]: entity for entity in reply.json()}
        assert {entity: one["type"] for entity, one in found.items()} == self.types
        assert {entity: read(one) for entity, one in found.items()} == self.attributes
        assert reply.headers["ngsild-results-count"] == str(len(self.types))
        assert set(self.ask("GET", "/types", "/types").json()["typeList"]) == set(self.types.values())


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
