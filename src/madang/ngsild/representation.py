"""Entities as their readers want them: normalized, concise, simplified, GeoJSON (CIM 009 §4.5.2 to §4.5.5, §4.5.16).

The normalized form joins the canonical bodies as bytes and decodes only what depends on the reader's @context.
The other forms are built as Python values and dumped.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import msgspec
import orjson

from madang.ngsild.attribute_values import CORE_MEMBERS
from madang.ngsild.context import CORE, Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.times import format_moment

LOCATION: Final = NGSI_LD + "location"
_NO_DATASET: Final = "@none"
_TYPED: Final = ("valueType", "objectType")
# Members that a simplified attribute keeps the name of
_NAMED: Final = frozenset(("languageMap", "json", "vocab"))


class Format(Enum):
    """The representations of an entity."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    SIMPLIFIED = "simplified"


class Form(msgspec.Struct, frozen=True):
    """How to write an entity.

    system: with createdAt and modifiedAt. attributes: only these attributes (IRIs), None for all. pick: only
    these members ("id", "type", "scope" or IRIs), None for all. omit: without these. languages: "lang" of the
    request, which turns LanguageProperties into Properties. dataset_ids: only these instances ("@none" for
    the default one), empty for all. geometry: IRI of the GeoProperty that becomes a feature's geometry.
    linked: how to write the entities that a relationship (IRI) leads to, where that is said; see `inner`.
    """

    context: Context = CORE
    format: Format = Format.NORMALIZED
    system: bool = False
    attributes: frozenset[str] | None = None
    pick: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    language: str | None = None
    dataset_ids: frozenset[str] = frozenset()
    geometry: str = LOCATION
    linked: dict[str, Form] = {}

    def inner(self, name: str) -> Form:
        """How to write the entities that this relationship (IRI) leads to: what this form picks and omits is said
        of its own level only (CIM 009 §4.21)."""
        said = self.linked.get(name)
        if said is not None:
            return said
        return msgspec.structs.replace(self, attributes=None, pick=None, omit=frozenset(), linked={})

    @property
    def whole(self) -> bool:
        """Whether the form is the normalized one with every member but the system attributes."""
        return (
            self.format is Format.NORMALIZED
            and not self.system
            and self.attributes is None
            and self.pick is None
            and not self.omit
            and self.language is None
            and not self.dataset_ids
        )


def render(entity: Entity, form: Form) -> bytes:
    """The entity as JSON, without "@context"."""
    if form.whole:
        return render_whole(entity, form.context)
    if form.format is Format.NORMALIZED and form.language is None:
        return _normalized_bytes(entity, form)
    return orjson.dumps(to_json(entity, form))


def render_whole(entity: Entity, context: Context) -> bytes:
    """The normalized form with every member but the system attributes: what a store keeps rendered."""
    names = [context.compact(name) for name in entity.types]
    head: dict[str, Any] = {"id": entity.id, "type": names[0] if len(names) == 1 else names}
    if entity.scope:
        head["scope"] = entity.scope[0] if len(entity.scope) == 1 else entity.scope
    instances: dict[str, list[bytes]] = {}
    for attribute in entity.attributes:
        body = attribute.body
        if attribute.contextual:
            body = orjson.dumps(compact_members(attribute.members(), context))
        instances.setdefault(attribute.name, []).append(body)
    parts = [orjson.dumps(head)[:-1]]
    for name, bodies in instances.items():
        value = bodies[0] if len(bodies) == 1 else b"[" + b",".join(bodies) + b"]"
        parts.append(context.key(name) + value)
    return b",".join(parts) + b"}"


def to_json(entity: Entity, form: Form) -> dict[str, Any]:
    """The entity as a JSON value, without "@context"."""
    members = _head(entity, form)
    for name, instances in selected(entity, form).items():
        members[form.context.compact(name)] = _attribute_json(instances, form)
    return members


def to_feature(entity: Entity, form: Form, members: dict[str, Any] | None = None) -> dict[str, Any]:
    """The entity as a GeoJSON Feature (CIM 009 §4.5.16, §4.5.17). members: as of `to_json`, if the caller has them."""
    properties = to_json(entity, form) if members is None else members
    properties.pop("id", None)
    return {
        "id": entity.id,
        "type": "Feature",
        "geometry": _geometry(entity, form),
        "properties": properties,
    }


def _geometry(entity: Entity, form: Form) -> Any:
    """The geometry of a feature: of several instances the default one, or the one whose datasetId the form names;
    None where that leaves none or several (CIM 009 §4.5.16.1)."""
    found = {
        instance.dataset_id or _NO_DATASET: instance
        for instance in entity.instances(form.geometry)
        if instance.kind is Kind.GEO_PROPERTY
        and (not form.dataset_ids or (instance.dataset_id or _NO_DATASET) in form.dataset_ids)
    }
    chosen = next(iter(found.values())) if len(found) == 1 else found.get(_NO_DATASET)
    return chosen.members()["value"] if chosen is not None else None


def _head(entity: Entity, form: Form) -> dict[str, Any]:
    head: dict[str, Any] = {}
    if _wants(form, "id"):
        head["id"] = entity.id
    if _wants(form, "type"):
        names = [form.context.compact(name) for name in entity.types]
        head["type"] = names[0] if len(names) == 1 else names
    if entity.scope and _wants(form, "scope"):
        head["scope"] = entity.scope[0] if len(entity.scope) == 1 else list(entity.scope)
    if form.system:
        head["createdAt"] = format_moment(entity.created_at)
        head["modifiedAt"] = format_moment(entity.modified_at)
        if entity.expires_at:
            head["expiresAt"] = format_moment(entity.expires_at)
    return head


def leaves_nothing(entity: Entity, form: Form) -> bool:
    """Whether the form leaves none of the entity's members, or none of the attributes that it asks for by attrs."""
    if form.attributes is not None:
        return not any(attribute.name in form.attributes for attribute in entity.attributes)
    if form.pick is None and not form.omit:
        return False
    return not _head(entity, form) and not selected(entity, form)


def _wants(form: Form, member: str) -> bool:
    return (form.pick is None or member in form.pick) and member not in form.omit


def selected(entity: Entity, form: Form) -> dict[str, list[Attribute]]:
    """The instances to write, by attribute (IRI), in order."""
    found: dict[str, list[Attribute]] = {}
    for attribute in entity.attributes:
        name = attribute.name
        if form.attributes is not None and name not in form.attributes:
            continue
        if form.dataset_ids and (attribute.dataset_id or _NO_DATASET) not in form.dataset_ids:
            continue
        if _wants(form, name):
            found.setdefault(name, []).append(attribute)
    return found


def _normalized_bytes(entity: Entity, form: Form) -> bytes:
    context = form.context
    parts = [orjson.dumps(_head(entity, form))[1:-1]]
    for name, instances in selected(entity, form).items():
        bodies = [_body(instance, form) for instance in instances]
        value = bodies[0] if len(bodies) == 1 else b"[" + b",".join(bodies) + b"]"
        parts.append(context.key(name) + value)
    return b"{" + b",".join([part for part in parts if part]) + b"}"


def _body(attribute: Attribute, form: Form) -> bytes:
    body = attribute.body
    if attribute.contextual:
        body = orjson.dumps(compact_members(attribute.members(), form.context, system=form.system))
    if form.system:
        times = f',"createdAt":"{format_moment(attribute.created_at)}","modifiedAt":"{format_moment(attribute.modified_at)}"}}'
        body = body[:-1] + times.encode()
    return body


def compact_members(members: dict[str, Any], context: Context, *, system: bool = False) -> dict[str, Any]:
    """The members of a canonical body with every name in them compacted. system: with expiresAt (CIM 009 §6.3.11)."""
    compacted: dict[str, Any] = {}
    for key, value in members.items():
        if key == "vocab":
            compacted[key] = (
                [context.compact_term(term) for term in value]
                if isinstance(value, list)
                else context.compact_term(value)
            )
        elif key in _TYPED:
            compacted[key] = _compact_types(value, context)
        elif key == "value" and isinstance(value, dict) and "@type" in value:
            compacted[key] = {**value, "@type": _compact_types(value["@type"], context)}
        elif key in CORE_MEMBERS:
            if key != "expiresAt" or system:
                compacted[key] = value
        elif isinstance(value, list):
            compacted[context.compact(key)] = [
                compact_members(item, context, system=system) for item in value
            ]
        else:
            compacted[context.compact(key)] = compact_members(value, context, system=system)
    return compacted


def _compact_types(value: Any, context: Context) -> Any:
    return [context.compact(name) for name in value] if isinstance(value, list) else context.compact(value)


def _attribute_json(instances: list[Attribute], form: Form) -> Any:
    if form.format is Format.SIMPLIFIED:
        return _simplified(instances, form)
    written = []
    for instance in instances:
        members = _members(instance, form)
        if form.format is Format.CONCISE:
            # Among several instances, or with its times, each must still be seen to be one
            plain = len(instances) == 1 and not form.system
            members = concise(members) if plain else concise_members(members)
        if form.system:
            members["createdAt"] = format_moment(instance.created_at)
            members["modifiedAt"] = format_moment(instance.modified_at)
        written.append(members)
    return written[0] if len(written) == 1 else written


def concise(members: dict[str, Any]) -> Any:
    """A normalized attribute in concise form: without its type, and where only a plain value stays, that alone."""
    rest = concise_members(members)
    if len(rest) == 1:
        kind = members["type"]
        if kind == Kind.GEO_PROPERTY or (
            kind == Kind.PROPERTY and not isinstance(rest["value"], dict | list)
        ):
            return rest["value"]
    return rest


def concise_members(members: dict[str, Any]) -> dict[str, Any]:
    """The members of a concise attribute: the one that carries the value tells its type."""
    return {
        key: value if key in CORE_MEMBERS else _concise_member(value)
        for key, value in members.items()
        if key != "type"
    }


def _concise_member(value: Any) -> Any:
    if isinstance(value, list):
        return [concise_members(item) for item in value]
    return concise(value)


def _members(instance: Attribute, form: Form) -> dict[str, Any]:
    """The members of an instance as the reader's @context and language have them."""
    members = instance.members()
    if instance.contextual:
        members = compact_members(members, form.context, system=form.system)
    return members if form.language is None else in_language(members, form.language)


def _simplified(instances: list[Attribute], form: Form) -> Any:
    values = {
        instance.dataset_id or _NO_DATASET: simplified(_members(instance, form)) for instance in instances
    }
    if len(values) == 1 and _NO_DATASET in values:
        return values[_NO_DATASET]
    return {"dataset": values}


def simplified(members: dict[str, Any]) -> Any:
    """The value of a normalized attribute alone; texts, JSON and terms keep their member's name (CIM 009 §4.5.4)."""
    member = VALUE_MEMBERS[members["type"]]
    value = members[member]
    if member in _NAMED:
        return {member: value}
    return [item["object"] for item in value] if member == "objectList" else value


def in_language(members: dict[str, Any], wanted: str) -> dict[str, Any]:
    """A LanguageProperty as a Property in the best language there is for "lang" (CIM 009 §4.15); others as they are."""
    if members["type"] != Kind.LANGUAGE_PROPERTY:
        return members
    texts = members["languageMap"]
    language = best_language(texts, wanted)
    rest = {key: value for key, value in members.items() if key not in ("type", "languageMap")}
    chosen = {"type": "Property", "value": texts[language] if language else None, **rest}
    return chosen if language in (None, _NO_DATASET) else {**chosen, "lang": language}


def best_language(texts: dict[str, Any], wanted: str) -> str | None:
    """Which of the languages to show for a wish such as "ko-KR,en;q=0.5"; None if there is no text at all."""
    wishes = []
    for part in wanted.split(","):
        tag, _, quality = part.replace(" ", "").partition(";q=")
        try:
            wishes.append((-float(quality or 1), tag.lower()))
        except ValueError:
            continue
    known = {tag.lower(): tag for tag in texts}
    for _, tag in sorted(wishes, key=lambda wish: wish[0]):
        if tag == "*" and texts:
            return next(iter(texts))
        parts = tag.split("-")
        for n in range(len(parts), 0, -1):
            prefix = "-".join(parts[:n])
            match = next(
                (full for lower, full in known.items() if f"{lower}-".startswith(f"{prefix}-")), None
            )
            if match is not None:
                return match
    return _NO_DATASET if _NO_DATASET in texts else next(iter(texts), None)
