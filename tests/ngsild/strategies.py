"""Random attributes and entities for property tests, in the normalized form that a client would send."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

words = st.sampled_from(["speed", "name", "note", "가온", "level", "colour", "https://example.org/x"])
moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
numbers = st.one_of(
    st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)
)
texts = st.text(max_size=20)
scalars = st.one_of(st.booleans(), numbers, texts)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
uris = st.integers(0, 9).map(lambda n: f"urn:ngsi-ld:Thing:{n}")
positions = st.tuples(st.floats(-179, 179), st.floats(-89, 89)).map(list)
geometries = st.one_of(
    positions.map(lambda position: {"type": "Point", "coordinates": position}),
    st.lists(positions, min_size=2, max_size=4).map(lambda line: {"type": "LineString", "coordinates": line}),
)


def _with_value(kind: str, member: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {"observedAt": moments}
    if kind == "Property":
        optional["unitCode"] = st.sampled_from(["CEL", "GQ"])
    return st.fixed_dictionaries({"type": st.just(kind), member: values}, optional=optional)


plain_attributes = st.one_of(
    _with_value("Property", "value", json_values.filter(lambda value: not _is_marked(value))),
    _with_value("Relationship", "object", uris),
    _with_value("GeoProperty", "value", geometries),
    _with_value(
        "LanguageProperty", "languageMap", st.dictionaries(st.sampled_from(["ko", "en"]), texts, min_size=1)
    ),
    _with_value("VocabProperty", "vocab", words),
    _with_value("JsonProperty", "json", st.dictionaries(words, json_values, max_size=3)),
    _with_value("ListProperty", "valueList", st.lists(scalars, max_size=3)),
    _with_value(
        "ListRelationship", "objectList", st.lists(uris.map(lambda uri: {"object": uri}), max_size=3)
    ),
)


def _is_marked(value: Any) -> bool:
    """Values that are said by other members in concise form, so that a round trip may not keep their kind."""
    return value is None or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


attributes = st.tuples(
    plain_attributes, st.dictionaries(st.sampled_from(["accuracy", "source"]), plain_attributes, max_size=2)
).map(lambda pair: {**pair[0], **pair[1]})


@st.composite
def entities(draw: st.DrawFn) -> dict[str, Any]:
    """A normalized entity; some attributes have several instances."""
    entity: dict[str, Any] = {
        "id": f"urn:ngsi-ld:Thing:{draw(st.integers(0, 9))}",
        "type": draw(st.one_of(st.just("Thing"), st.just(["Thing", "Other"]))),
    }
    if draw(st.booleans()):
        entity["scope"] = draw(st.sampled_from(["/a", "/a/b", "/c"]))
    for name in draw(st.lists(words, unique=True, max_size=5)):
        attribute = draw(attributes)
        if draw(st.integers(0, 4)) == 0:
            entity[name] = [attribute, {**draw(attributes), "datasetId": "urn:d:1"}]
        else:
            entity[name] = attribute
    return entity
