"""Entities over the information API, against a real store."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.ngsild.context import CORE

BASE = "/ngsi-ld/v1"
ID = "urn:ngsi-ld:Car:1"
LD = {"content-type": "application/ld+json"}


def car(number: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Car:{number}",
        "type": "Car",
        "speed": {"type": "Property", "value": number},
        **members,
    }


async def test_create_retrieve_delete(api: Client) -> None:
    created = await api.post(f"{BASE}/entities", car())
    assert created.status == 201
    assert created.headers["location"] == f"{BASE}/entities/{ID}"
    found = await api.get(f"{BASE}/entities/{ID}")
    assert found.status == 200
    assert found.json() == car()
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in found.headers["link"]
    again = await api.post(f"{BASE}/entities", car())
    assert again.status == 409
    assert again.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
    assert ID in again.json()["detail"]
    assert (await api.delete(f"{BASE}/entities/{ID}")).status == 204
    gone = await api.get(f"{BASE}/entities/{ID}")
    assert gone.status == 404
    assert gone.json()["detail"] == f"Entity {ID} does not exist"
    assert (await api.post(f"{BASE}/entities", car())).status == 201


async def test_contexts_in_body_and_header(api: Client) -> None:
    context = {"speed": "https://example.org/speed", "Car": "https://example.org/Car"}
    created = await api.post(f"{BASE}/entities", {**car(), "@context": context}, headers=LD)
    assert created.status == 201
    plain = (await api.get(f"{BASE}/entities/{ID}")).json()
    assert plain["type"] == "https://example.org/Car"
    assert plain["https://example.org/speed"]["value"] == 1
    found = await api.get(
        f"{BASE}/entities?type=https://example.org/Car", headers={"accept": "application/ld+json"}
    )
    assert found.json()[0]["@context"]
    both = await api.post(
        f"{BASE}/entities",
        {**car(2), "@context": context},
        headers={**LD, "link": '<https://x.example/c>; rel="http://www.w3.org/ns/json-ld#context"'},
    )
    assert both.status == 400
    inside = await api.post(f"{BASE}/entities", {**car(2), "@context": context})
    assert inside.status == 400
    missing = await api.post(f"{BASE}/entities", car(2), headers=LD)
    assert missing.status == 400


async def test_a_context_that_cannot_be_had_breaks_only_its_request(api: Client) -> None:
    link = {"link": '<http://127.0.0.1:9/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'}
    failed = await api.post(f"{BASE}/entities", car(), headers=link)
    assert failed.status == 504
    assert failed.json()["type"].endswith("LdContextNotAvailable")
    assert (await api.post(f"{BASE}/entities", car())).status == 201


async def test_contexts_at_private_addresses_are_refused(api: Client) -> None:
    for host in ("10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"):
        link = {"link": f'<http://{host}/c>; rel="http://www.w3.org/ns/json-ld#context"'}
        refused = await api.get(f"{BASE}/entities/{ID}", headers=link)
        assert refused.status == 504
        assert "MADANG_EGRESS_ALLOW" in refused.json()["detail"]


async def test_replace_merge_append_update(api: Client) -> None:
    await api.post(f"{BASE}/entities", car(colour={"type": "Property", "value": "red"}))
    path = f"{BASE}/entities/{ID}"
    assert (await api.patch(path, {"speed": {"value": 7}, "colour": "urn:ngsi-ld:null"})).status == 204
    assert (await api.get(path)).json() == car(speed={"type": "Property", "value": 7})
    appended = await api.post(f"{path}/attrs", {"speed": 8, "wheels": 4}, params={"options": "noOverwrite"})
    assert appended.status == 207
    assert appended.json()["updated"] == [CORE.expand("wheels")]
    assert appended.json()["notUpdated"][0]["attributeName"] == CORE.expand("speed")
    updated = await api.patch(f"{path}/attrs", {"speed": 9, "doors": 5})
    assert updated.status == 204
    assert (await api.get(path)).json().keys() == {"id", "type", "speed", "wheels", "doors"}
    assert (await api.patch(f"{path}/attrs", {"speed": "urn:ngsi-ld:null"})).status == 204
    assert "speed" not in (await api.get(path)).json()
    assert (await api.put(path, {"type": "Car", "doors": {"type": "Property", "value": 5}})).status == 204
    assert (await api.get(path)).json() == {
        "id": ID,
        "type": "Car",
        "doors": {"type": "Property", "value": 5},
    }
    assert (await api.put(path, car(2))).status == 400


async def test_single_attributes(api: Client) -> None:
    await api.post(f"{BASE}/entities", car())
    path = f"{BASE}/entities/{ID}/attrs/speed"
    assert (await api.patch(path, {"value": 2, "unitCode": "KMH"})).status == 204
    assert (await api.get(f"{BASE}/entities/{ID}")).json()["speed"] == {
        "type": "Property",
        "value": 2,
        "unitCode": "KMH",
    }
    assert (await api.put(path, {"type": "Property", "value": 3})).status == 204
    assert (await api.get(f"{BASE}/entities/{ID}")).json()["speed"] == {"type": "Property", "value": 3}
    assert (await api.delete(path)).status == 204
    assert (await api.delete(path)).status == 404
    assert (await api.patch(path, {"value": 2})).status == 404
    iri = "https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2Fspeed"
    await api.post(f"{BASE}/entities/{ID}/attrs", {"speed": 1})
    assert (await api.delete(f"{BASE}/entities/{ID}/attrs/{iri}")).status == 204


async def test_representations(api: Client) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}}
    await api.post(f"{BASE}/entities", car(location=place))
    path = f"{BASE}/entities/{ID}"
    simplified = (await api.get(path, params={"options": "keyValues"})).json()
    assert simplified == {"id": ID, "type": "Car", "speed": 1, "location": place["value"]}
    assert (await api.get(path, params={"format": "concise"})).json()["speed"] == 1
    system = (await api.get(path, params={"options": "sysAttrs"})).json()
    assert system["createdAt"] == "2026-01-01T12:00:00Z"
    feature = await api.get(path, headers={"accept": "application/geo+json"})
    assert feature.headers["content-type"] == "application/geo+json"
    assert feature.json()["geometry"] == place["value"]
    assert (await api.get(path, params={"pick": "speed"})).json() == {
        "speed": {"type": "Property", "value": 1}
    }
    assert (await api.get(path, params={"omit": "speed,location"})).json() == {"id": ID, "type": "Car"}
    assert (await api.get(path, headers={"accept": "text/html"})).status == 406
    assert (await api.get(path, params={"options": "nonsense"})).status == 400


async def test_query_pages_by_link(api: Client) -> None:
    created = await api.post(f"{BASE}/entityOperations/create", [car(n) for n in range(25)])
    assert created.status == 201
    assert len(created.json()) == 25
    seen: list[str] = []
    path = f"{BASE}/entities?type=Car&limit=10&count=true"
    for _ in range(5):
        page = await api.get(path)
        assert page.headers["ngsild-results-count"] == "25"
        seen += [entity["id"] for entity in page.json()]
        following = [link for link in page.headers["link"].split(", <") if 'rel="next"' in link]
        if not following:
            break
        path = following[0].partition(">")[0].lstrip("<")
    assert len(seen) == len(set(seen)) == 25
    assert (await api.get(f"{BASE}/entities")).status == 400
    assert len((await api.get(f"{BASE}/entities?local=true&limit=100")).json()) == 25
    assert (await api.get(f"{BASE}/entities?type=Car&offset=20&limit=10")).json()[0][
        "id"
    ] == "urn:ngsi-ld:Car:20"
    assert (await api.get(f"{BASE}/entities?type=Car&limit=0&count=true")).headers[
        "ngsild-results-count"
    ] == "25"
    assert len((await api.get(f"{BASE}/entities?type=Car&q=speed>=20&limit=100")).json()) == 5


async def test_batches_report_each_entry(api: Client) -> None:
    operations = f"{BASE}/entityOperations"
    mixed = await api.post(f"{operations}/create", [car(1), {"id": "no uri", "type": "Car"}, car(2), car(1)])
    assert mixed.status == 207
    assert mixed.json()["success"] == ["urn:ngsi-ld:Car:1", "urn:ngsi-ld:Car:2"]
    assert len(mixed.json()["errors"]) == 2
    upserted = await api.post(f"{operations}/upsert", [car(2), car(3)])
    assert (upserted.status, upserted.json()) == (201, ["urn:ngsi-ld:Car:3"])
    assert (await api.post(f"{operations}/upsert", [car(2)])).status == 204
    assert (await api.post(f"{operations}/update", [car(2, doors=5)])).status == 204
    assert (await api.post(f"{operations}/merge", [{"id": ID, "doors": 3}])).status == 204
    assert (await api.get(f"{BASE}/entities/{ID}")).json()["doors"]["value"] == 3
    deleted = await api.post(f"{operations}/delete", [ID, "urn:ngsi-ld:Car:99"])
    assert deleted.status == 207
    assert deleted.json()["success"] == [ID]
    assert (await api.post(f"{operations}/create", [])).status == 400
    assert (await api.post(f"{operations}/create", [car(n) for n in range(1001)])).status == 400


async def test_batches_of_linked_data(api: Client) -> None:
    operations = f"{BASE}/entityOperations"
    context = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
    mixed = await api.post(f"{operations}/create", [{**car(1), "@context": context}, car(2)], headers=LD)
    assert mixed.status == 207
    assert mixed.json()["success"] == ["urn:ngsi-ld:Car:1"]
    with_context = await api.post(f"{operations}/upsert", [{**car(1), "@context": context}])
    assert with_context.status == 207
    assert (await api.post(f"{operations}/create", [car(3), None])).status == 400
    assert (await api.post(f"{operations}/delete", [ID], headers=LD)).status == 204


async def test_the_scope_is_deleted_as_an_attribute(api: Client) -> None:
    await api.post(f"{BASE}/entities", car(scope="/a"))
    path = f"{BASE}/entities/{ID}/attrs/scope"
    assert (await api.patch(path, {"value": "/b"})).status == 400
    assert (await api.delete(path)).status == 204
    assert "scope" not in (await api.get(f"{BASE}/entities/{ID}")).json()
    assert (await api.delete(path)).status == 404


async def test_tenants_do_not_meet(api: Client) -> None:
    tenant = {"NGSILD-Tenant": "harbour"}
    assert (await api.get(f"{BASE}/entities/{ID}", headers=tenant)).status == 404
    assert (await api.post(f"{BASE}/entities", car(), headers=tenant)).status == 201
    assert (await api.get(f"{BASE}/entities/{ID}", headers=tenant)).status == 200
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 404
    assert (await api.get(f"{BASE}/entities/{ID}", headers={"NGSILD-Tenant": "../../etc"})).status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_method_that_is_not_there(api: Client, method: str) -> None:
    refused = await api.call(method, f"{BASE}/entityOperations/create", body=b"{}")
    assert refused.status == 405
    assert refused.headers["allow"] == "POST"


async def test_a_slash_at_the_end(api: Client) -> None:
    assert (await api.post(f"{BASE}/entities/", car())).status == 201
    assert len((await api.get(f"{BASE}/entities/?type=Car")).json()) == 1
    assert (await api.patch(f"{BASE}/entities/", {"speed": 1})).status == 400
    assert (await api.delete(f"{BASE}/entities/")).status == 400
    assert (await api.get(f"{BASE}/nothing/")).status == 404


async def test_a_plus_in_a_parameter_is_a_space_but_for_scopes(api: Client) -> None:
    body = car(name={"type": "Property", "value": "Eiffel Tower"}, scope="/a/b/c")
    assert (await api.post(f"{BASE}/entities", body)).status == 201
    for query in (
        'q=name=="Eiffel+Tower"',
        'q=name=="Eiffel%20Tower"',
        "type=Car&scopeQ=/a/+/c",
        "scopeQ=/a/%2B/c&type=Car",
    ):
        assert len((await api.get(f"{BASE}/entities?{query}")).json()) == 1, query
