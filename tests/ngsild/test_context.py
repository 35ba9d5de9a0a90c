"""@context: our table against ETSI's documents, and names there and back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.errors import BadRequestData
from madang.ngsild.context import CORE, STEP_TERMS, Context, is_core_url
from madang.ngsild.core_terms import CORE_TERMS, GEOJSON, NGSI_LD

DATA = os.environ.get("MADANG_DATA")


@pytest.mark.skipif(DATA is None, reason="MADANG_DATA is not set")
def test_core_terms_are_those_of_the_specification() -> None:
    document = json.loads((Path(DATA or "") / "ngsi-ld" / "ngsi-ld-core-context-v1.9.jsonld").read_text())
    expected: dict[str, str] = {}
    for term, definition in document["@context"].items():
        if not term.startswith("@"):
            iri = definition if isinstance(definition, str) else definition["@id"]
            expected[term] = iri.replace("ngsi-ld:", NGSI_LD, 1).replace("geojson:", GEOJSON, 1)
    assert expected == CORE_TERMS


def test_core_addresses_are_known_without_a_network() -> None:
    assert is_core_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld")
    assert is_core_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld")
    assert not is_core_url("https://uri.etsi.org/ngsi-ld/v1/other.jsonld")


def test_user_terms_prefixes_and_vocabulary() -> None:
    context = Context.from_documents(
        [
            {"ex": "https://example.org/ns#", "speed": "ex:speed", "Car": {"@id": "ex:Car", "@type": "@id"}},
            {"@vocab": "https://vocab.example/", "speed": "https://other.example/speed"},
        ],
        "x",
    )
    assert context.expand("speed") == "https://other.example/speed"
    assert context.expand("Car") == "https://example.org/ns#Car"
    assert context.expand("ex:wheel") == "https://example.org/ns#wheel"
    assert context.expand("wheel") == "https://vocab.example/wheel"
    assert context.compact("https://example.org/ns#wheel") == "ex:wheel"
    assert context.compact("https://vocab.example/wheel") == "wheel"


def test_core_terms_are_protected() -> None:
    context = Context.from_documents([{"location": "https://evil.example/location"}], "x")
    assert context.expand("location") == NGSI_LD + "location"


def test_a_circle_is_refused() -> None:
    with pytest.raises(BadRequestData, match="circle"):
        Context.from_documents([{"a": "b", "b": "a"}], "x")


@pytest.mark.parametrize(
    "name", ["", "2nd", "a-b", ":a", "a:", "a b", 'a"b', "a<b", "a\x1fb", "a\nb", "(a)", "x" * 3000]
)
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(BadRequestData, match="cannot be a name"):
        CORE.expand(name)


_NAMES = st.from_regex(r"[^\W\d_]\w{0,12}(:[^\W\d_]\w{0,5})?", fullmatch=True)


@given(
    terms=st.dictionaries(_NAMES, _NAMES.map(lambda name: "https://example.org/" + name), max_size=8),
    name=_NAMES,
)
def test_what_is_compacted_is_found_again(terms: dict[str, str], name: str) -> None:
    context = Context.from_terms(terms)
    iri = context.expand(name)
    assert context.expand(context.compact(iri)) == iri
    for term_iri in terms.values():
        assert context.expand(context.compact(term_iri)) == term_iri


def test_a_large_context_is_built_in_steps() -> None:
    """A document of tens of thousands of terms must not hold up the others in the event loop."""
    document = {f"term{n}": {"@id": f"ex:term{n}", "@type": "@id"} for n in range(10 * STEP_TERMS)}
    steps = Context.building([{"ex": "https://example.org/ns#", **document}], "x")
    assert sum(1 for _ in steps) >= 30
    context = Context.from_documents([{"ex": "https://example.org/ns#", **document}], "x")
    assert context.expand("term7") == "https://example.org/ns#term7"
    assert context.compact("https://example.org/ns#term7") == "term7"
