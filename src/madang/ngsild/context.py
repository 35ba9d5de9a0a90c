"""@context: from short names to absolute IRIs and back (CIM 009 §4.4, §5.5.7; JSON-LD 1.1).

A `Context` is made once from documents that somebody else has fetched, and then only looked up in: the same
name is asked for at every request, so both directions are remembered. Of JSON-LD it knows what NGSI-LD needs
for names: terms, prefixes, `@vocab` and lists of contexts. The core terms are protected: they win.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from madang.errors import BadRequestData
from madang.ngsild.core_terms import CORE_CONTEXT_URL, CORE_TERMS, DEFAULT_VOCABULARY

NAMES_REMEMBERED_MAX: Final = 20_000
NAME_LENGTH_MAX: Final = 2_000
CONTEXT_DEPTH_MAX: Final = 8
STEP_TERMS: Final = 500

Built = TypeVar("Built")

_NAME = re.compile(r"[^\W\d_]\w*")
_FORBIDDEN_IN_IRIS = re.compile(r"[\s<>\"'{}|\\^`\[\]();,\x00-\x1f]")
_CORE_URL = re.compile(r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(-v1\.\d+)?\.jsonld")
_PREFIX_ENDS = (":", "/", "?", "#", "[", "]", "@")


def is_core_url(url: str) -> bool:
    """Whether the address is one of ETSI's core @context documents, which are known without a network."""
    return _CORE_URL.fullmatch(url) is not None


class Context:
    """Names to IRIs and back. Immutable to its users; `source` is what a client may be told (URL or JSON)."""

    __slots__ = (
        "_compacted",
        "_expanded",
        "_inverse",
        "_keys",
        "_prefixes",
        "_terms",
        "_vocabulary",
        "source",
    )

    def __init__(
        self,
        terms: Mapping[str, str],
        vocabulary: str = DEFAULT_VOCABULARY,
        source: Any = CORE_CONTEXT_URL,
        inverse: dict[str, str] | None = None,
    ) -> None:
        """inverse: of the terms with the core ones, where it has been made already."""
        self._terms = {**terms, **CORE_TERMS}
        self._vocabulary = vocabulary
        self._inverse = inverse if inverse is not None else _result(_inverting(self._terms))
        self._prefixes = sorted(
            ((iri, term) for iri, term in self._inverse.items() if iri.endswith(_PREFIX_ENDS)),
            key=lambda pair: -len(pair[0]),
        )
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}
        self._keys: dict[str, bytes] = {}
        self.source = source

    @classmethod
    def from_terms(cls, terms: Mapping[str, str], source: Any = None) -> Context:
        """A context of plain terms over the core one. terms: name to absolute IRI."""
        return cls(terms, source=source if source is not None else dict(terms))

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[Mapping[str, Any]],
        source: Any,
        base: Mapping[str, str] | None = None,
    ) -> Context:
        """A context from JSON-LD term definitions, later ones over earlier ones, on top of `base`.

        documents: the values of "@context" as objects; addresses in them have been replaced by the caller.
        Raises BadRequestData for definitions that JSON-LD does not allow.
        """
        return _result(cls.building(documents, source, base))

    @classmethod
    def building(
        cls,
        documents: Sequence[Mapping[str, Any]],
        source: Any,
        base: Mapping[str, str] | None = None,
    ) -> Generator[None, None, Context]:
        """As `from_documents`, in steps of about a millisecond: some documents have tens of thousands of terms."""
        terms: dict[str, str] = dict(base or {})
        vocabulary = DEFAULT_VOCABULARY
        for document in documents:
            vocabulary = yield from _reading(document, terms, vocabulary)
        inverse = yield from _inverting({**terms, **CORE_TERMS})
        return cls(terms, vocabulary, source, inverse)

    @property
    def terms(self) -> Mapping[str, str]:
        """All terms with their IRIs, the core ones included."""
        return self._terms

    def expand(self, name: str) -> str:
        """The IRI of a term, a compact IRI or an IRI. Raises BadRequestData for what cannot be a name."""
        known = self._expanded.get(name)
        if known is not None:
            return known
        iri = self._expand(name)
        if len(self._expanded) >= NAMES_REMEMBERED_MAX:
            self._expanded.clear()
        self._expanded[name] = iri
        return iri

    def compact(self, iri: str) -> str:
        """The shortest name by which `expand` finds this IRI again."""
        known = self._compacted.get(iri)
        if known is not None:
            return known
        name = self._compact(iri)
        if len(self._compacted) >= NAMES_REMEMBERED_MAX:
            self._compacted.clear()
        self._compacted[iri] = name
        return name

    def expand_term(self, text: str) -> str:
        """The IRI of a value of a VocabProperty: as of a name, but such a value may also be "non-commercial".

        Raises BadRequestData for what no IRI can end with."""
        if ":" in text or text in self._terms or not text or _FORBIDDEN_IN_IRIS.search(text) is not None:
            return self.expand(text)
        return self._vocabulary + text if len(text) <= NAME_LENGTH_MAX else self.expand(text)

    def compact_term(self, iri: str) -> str:
        """The shortest text by which `expand_term` finds this IRI again."""
        name = self.compact(iri)
        if ":" not in name or not iri.startswith(self._vocabulary):
            return name
        rest = iri[len(self._vocabulary) :]
        plain = rest and ":" not in rest and rest not in self._terms and not _FORBIDDEN_IN_IRIS.search(rest)
        return rest if plain else name

    def key(self, iri: str) -> bytes:
        """The compacted name as the key of a JSON object: quoted, with its colon."""
        known = self._keys.get(iri)
        if known is not None:
            return known
        key = json.dumps(self.compact(iri), ensure_ascii=False).encode() + b":"
        if len(self._keys) >= NAMES_REMEMBERED_MAX:
            self._keys.clear()
        self._keys[iri] = key
        return key

    def _expand(self, name: str) -> str:
        term = self._terms.get(name)
        if term is not None:
            return term
        prefix, colon, rest = name.partition(":")
        if len(name) > NAME_LENGTH_MAX or not (
            _FORBIDDEN_IN_IRIS.search(name) is None and prefix and rest if colon else _NAME.fullmatch(name)
        ):
            shown = name if len(name) <= 60 else name[:60] + "…"
            raise BadRequestData(
                f"'{shown}' cannot be a name: a name begins with a letter and goes on with letters, digits and _, "
                "or it is an IRI"
            )
        if colon:
            namespace = self._terms.get(prefix)
            return namespace + rest if namespace is not None and not rest.startswith("//") else name
        return self._vocabulary + name

    def _compact(self, iri: str) -> str:
        term = self._inverse.get(iri)
        if term is not None:
            return term
        if iri.startswith(self._vocabulary):
            rest = iri[len(self._vocabulary) :]
            if rest not in self._terms and _NAME.fullmatch(rest):
                return rest
        for namespace, prefix in self._prefixes:
            if iri.startswith(namespace) and len(iri) > len(namespace):
                short = f"{prefix}:{iri[len(namespace) :]}"
                if short not in self._terms and self._expand(short) == iri:
                    return short
        return iri


def _result(steps: Generator[None, None, Built]) -> Built:
    """What all the steps together come to."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return cast("Built", end.value)


def _inverting(terms: Mapping[str, str]) -> Generator[None, None, dict[str, str]]:
    """IRI to term; of several terms the core one, then the shortest, then the least (JSON-LD 1.1 §5.1.2)."""
    inverse: dict[str, str] = {}
    for n, (term, iri) in enumerate(terms.items()):
        known = inverse.get(iri)
        if known is None or _rank(term) < _rank(known):
            inverse[iri] = term
        if n % STEP_TERMS == STEP_TERMS - 1:
            yield
    return inverse


def _rank(term: str) -> tuple[bool, int, str]:
    return term not in CORE_TERMS, len(term), term


def _reading(
    document: Mapping[str, Any], terms: dict[str, str], vocabulary: str
) -> Generator[None, None, str]:
    """Add a document's terms to `terms`; returns the vocabulary in force after it."""
    stated = document.get("@vocab", vocabulary)
    if not isinstance(stated, str) and stated is not None:
        raise BadRequestData("@vocab in a @context must be a string")
    vocabulary = stated or DEFAULT_VOCABULARY
    definitions: dict[str, str] = {}
    for n, (term, definition) in enumerate(document.items()):
        iri = _stated_iri(term, definition, vocabulary)
        if iri is not None:
            definitions[term] = iri
        if n % STEP_TERMS == STEP_TERMS - 1:
            yield
    for n, term in enumerate(definitions):
        terms[term] = _resolve(term, definitions, terms, vocabulary)
        if n % STEP_TERMS == STEP_TERMS - 1:
            yield
    return vocabulary


def _stated_iri(term: str, definition: Any, vocabulary: str) -> str | None:
    """What a document says that a term means; None where it says nothing. Raises BadRequestData."""
    if term.startswith("@"):
        return None
    if isinstance(definition, dict) and "@context" in definition:
        raise BadRequestData(
            f"The @context defines '{term}' with a scoped @context, which NGSI-LD does not allow"
        )
    iri = definition.get("@id") if isinstance(definition, dict) else definition
    if iri is None:
        if isinstance(definition, dict):
            return term if ":" in term else vocabulary + term
        return None
    if not isinstance(iri, str):
        raise BadRequestData(
            f"The @context defines '{term}' by something that is neither a string nor an object"
        )
    return iri


def _resolve(term: str, definitions: Mapping[str, str], terms: Mapping[str, str], vocabulary: str) -> str:
    """The absolute IRI of a definition, following prefixes that are terms themselves."""
    iri = definitions[term]
    if iri == term:
        return vocabulary + iri if ":" not in iri else iri
    for _ in range(CONTEXT_DEPTH_MAX):
        if iri == term:
            break
        if iri.startswith("@") or "://" in iri:
            return iri
        prefix, colon, rest = iri.partition(":")
        if not colon:
            known = definitions.get(iri)
            if known is None:
                return terms.get(iri) or CORE_TERMS.get(iri) or vocabulary + iri
            iri = known
            continue
        namespace = definitions.get(prefix) or terms.get(prefix) or CORE_TERMS.get(prefix)
        if namespace is None:
            return iri
        iri = namespace + rest
    raise BadRequestData(f"The @context defines '{term}' in a circle")


CORE: Final = Context({})
