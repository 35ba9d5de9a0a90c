"""Notifications: the message that tells a subscriber of changes (CIM 009 §5.3.1, §5.8.6, §6.3.8).

An entity is written as any reader gets it. What only a notification tells (what is gone, what was before)
is put into that afterwards, so the commonest message is a join of bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from madang.ngsild.conformance import amended
from madang.ngsild.context import Context
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.event import Event
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.linked import Mode, write_inline
from madang.ngsild.projection import projected
from madang.ngsild.representation import Form, Format, render, to_feature, to_json
from madang.ngsild.subscription import Accept, NotificationParameters, Subscription, Trigger
from madang.ngsild.times import format_moment

_CONTEXT_REL: Final = "http://www.w3.org/ns/json-ld#context"
_PREVIOUS: Final = {member: "previous" + member[0].upper() + member[1:] for member in VALUE_MEMBERS.values()}


class Envelope(msgspec.Struct, frozen=True):
    """What a message says beside its entities. id: URI, the same at every attempt. notified_at: microseconds UTC."""

    id: str
    notified_at: int
    tenant: str = ""


class Linked(msgspec.Struct, frozen=True):
    """What is reached from the entities of a notification (CIM 009 §4.5.23). found: entities by id.

    behind: entities with the form in which they are written, in the order in which they were reached.
    """

    found: Mapping[str, Entity]
    behind: Sequence[tuple[Entity, Form]]


class Message(msgspec.Struct, frozen=True):
    """A notification ready to send. headers: (name, value) in order, of HTTP; with MQTT they are the metadata."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


def notification(
    subscription: Subscription,
    events: Sequence[Event],
    envelope: Envelope,
    context: Context,
    linked: Linked | None = None,
) -> Message:
    """The message about these events, as the subscriber sees them; one element of `data` for each, in order.

    context: what `subscription.context` names. linked: what the entities lead to, where the subscription asks to
    join it.
    """
    accept = subscription.notification.endpoint.accept
    telling = _Telling(subscription, context, linked)
    elements = [telling.element(event) for event in events]
    elements += telling.behind()
    in_body = subscription.context if _has_context(subscription) else ""
    if accept is Accept.GEO_JSON:
        data = b'{"type":"FeatureCollection","features":[' + b",".join(elements) + b"]"
        data += b',"@context":' + orjson.dumps(in_body) + b"}" if in_body else b"}"
    else:
        data = b"[" + b",".join([_with_context(one, in_body) for one in elements]) + b"]"
    head = {
        "id": envelope.id,
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": format_moment(envelope.notified_at),
    }
    body = orjson.dumps(head)[:-1] + b',"data":' + data + b"}"
    if accept is Accept.LD_JSON:
        body = _with_context(body, in_body)
    return Message(body, tuple(_headers(subscription, envelope, in_body)))


def _has_context(subscription: Subscription) -> bool:
    """Whether the body carries @context; if not, a Link header names it (CIM 009 §6.3.8)."""
    endpoint = subscription.notification.endpoint
    if endpoint.accept is Accept.GEO_JSON:
        return not any(
            pair.key.lower() == "prefer" and pair.value.replace(" ", "") == "body=json"
            for pair in endpoint.receiver_info
        )
    return endpoint.accept is Accept.LD_JSON


def _with_context(body: bytes, context: str) -> bytes:
    return body[:-1] + b',"@context":' + orjson.dumps(context) + b"}" if context else body


def _headers(subscription: Subscription, envelope: Envelope, in_body: str) -> Iterable[tuple[str, str]]:
    endpoint = subscription.notification.endpoint
    yield "Content-Type", endpoint.accept.value
    if not in_body:
        yield "Link", f'<{subscription.context}>; rel="{_CONTEXT_REL}"; type="application/ld+json"'
    if envelope.tenant:
        yield "NGSILD-Tenant", envelope.tenant
    for pair in endpoint.receiver_info:
        yield pair.key, pair.value


def form_of(subscription: Subscription, context: Context) -> Form:
    """How the subscription wants its entities written."""
    parameters = subscription.notification
    form = Form(
        context=context,
        format=parameters.format,
        system=parameters.system,
        attributes=parameters.attributes,
        language=subscription.language,
        dataset_ids=subscription.dataset_ids,
    )
    if parameters.pick is None and parameters.omit is None:
        return form
    return projected(form, parameters.pick, parameters.omit)


class _Telling:
    """How one subscription is told of changes."""

    def __init__(self, subscription: Subscription, context: Context, linked: Linked | None) -> None:
        self._form = form_of(subscription, context)
        self._version = subscription.conformance
        join = subscription.notification.join
        self._linked = linked
        self._inline = join if linked is not None and join is not None and join.mode is Mode.INLINE else None
        self._parameters: NotificationParameters = subscription.notification
        self._features = subscription.notification.endpoint.accept is Accept.GEO_JSON
        self._watched = frozenset(subscription.watched)
        self._of_entities = Trigger.ENTITY_DELETED in subscription.triggers

    def element(self, event: Event) -> bytes:
        """The entity of an event as JSON."""
        after = event.after
        if after is not None:
            changes = event.deleted or (event.updated and self._parameters.show_changes)
            if not changes and not self._features and self._inline is None and self._version is None:
                known = event.rendered
                if known is not None and self._form.whole and known[0] is self._form.context:
                    return known[1]
                return render(after, self._form)
            element = self._plain(after)
            bag = element["properties"] if self._features else element
            self._add_previous(bag, event)
            self._add_deleted(bag, event, event.deleted)
            return self._dumped(element)
        before = event.entity
        bare = msgspec.structs.replace(before, attributes=(), scope=())
        element = self._plain(bare)
        bag = element["properties"] if self._features else element
        bag["deletedAt"] = format_moment(event.time)
        self._add_deleted(bag, event, self._gone_with(event))
        return self._dumped(element)

    def behind(self) -> list[bytes]:
        """The linked entities that stand after those that link to them."""
        if self._linked is None or self._inline is not None:
            return []
        return [
            self._dumped(to_feature(entity, form) if self._features else to_json(entity, form))
            for entity, form in self._linked.behind
        ]

    def _dumped(self, element: dict[str, Any]) -> bytes:
        """As JSON, amended for an earlier version if the subscription names one (CIM 009 §4.3.6.8)."""
        if self._version is not None and self._form.format is not Format.SIMPLIFIED:
            if self._features:
                element["properties"] = amended(element["properties"], self._version)
            else:
                element = amended(element, self._version)
        return orjson.dumps(element)

    def _plain(self, entity: Entity) -> dict[str, Any]:
        members = None
        if self._inline is not None and self._linked is not None:
            (members,) = write_inline([entity], self._linked.found, self._form, self._inline)
        if self._features:
            return to_feature(entity, self._form, members)
        return to_json(entity, self._form) if members is None else members

    def _gone_with(self, event: Event) -> frozenset[str]:
        """The attributes of a deleted entity that are told of: none where entities are followed, but for what
        they were; else the watched ones (CIM 009 §5.8.6)."""
        if self._parameters.show_changes:
            return event.deleted
        if self._of_entities:
            return frozenset()
        return event.deleted & self._watched if self._watched else event.deleted

    def _add_previous(self, bag: dict[str, Any], event: Event) -> None:
        """Put what was before into the attributes that were updated."""
        if not self._parameters.show_changes or event.before is None or event.after is None:
            return
        for name in event.updated:
            key = self._form.context.compact(name)
            if key not in bag:
                continue
            now = {one.dataset_id: one.body for one in event.after.instances(name)}
            before = {
                one.dataset_id: self._members(one)
                for one in event.before.instances(name)
                if now.get(one.dataset_id, one.body) != one.body
            }
            told = [
                _with_previous(instance, before.get(_dataset_of(instance)))
                for instance in (bag[key] if isinstance(bag[key], list) else [bag[key]])
            ]
            bag[key] = told if isinstance(bag[key], list) else told[0]

    def _add_deleted(self, bag: dict[str, Any], event: Event, names: frozenset[str]) -> None:
        """Put NGSI-LD Null in the place of the instances that are gone."""
        for name in names:
            kept = {one.dataset_id for one in event.after.instances(name)} if event.after else set()
            assert event.before is not None
            gone = [
                one
                for one in event.before.instances(name)
                if one.dataset_id not in kept and self._shows(one, event.entity)
            ]
            if not gone:
                continue
            if len(gone) > 1 and not kept and not self._parameters.show_changes:
                # The attribute as a whole is no more: it needs no datasetId
                gone = [msgspec.structs.replace(gone[0], dataset_id=None)]
            key = self._form.context.compact(name)
            if self._form.format is Format.SIMPLIFIED:
                bag[key] = _add_to_dataset(bag.get(key), gone)
            else:
                told = [self._deleted(one, event.time) for one in gone]
                there = bag.get(key, [])
                all_ = (there if isinstance(there, list) and key in bag else [there] if there else []) + told
                bag[key] = all_[0] if len(all_) == 1 else all_

    def _shows(self, attribute: Attribute, entity: Entity) -> bool:
        alone = Entity(entity.id, entity.types, (attribute,))
        return self._form.context.compact(attribute.name) in to_json(alone, self._form)

    def _members(self, attribute: Attribute) -> dict[str, Any]:
        """An instance as its members, normalized, in the reader's @context and language."""
        form = Form(context=self._form.context, language=self._form.language)
        alone = to_json(Entity("", (), (attribute,)), form)
        members: dict[str, Any] = alone[self._form.context.compact(attribute.name)]
        return members

    def _deleted(self, attribute: Attribute, time: int) -> Any:
        """An instance that is gone."""
        member = VALUE_MEMBERS[attribute.kind]
        null: Any = {"@none": NGSI_LD_NULL} if attribute.kind is Kind.LANGUAGE_PROPERTY else NGSI_LD_NULL
        told: dict[str, Any] = {"type": attribute.kind.value, member: null}
        if attribute.dataset_id is not None:
            told["datasetId"] = attribute.dataset_id
        if self._parameters.show_changes:
            told |= _previous(self._members(attribute))
        if self._form.system:
            told["createdAt"] = format_moment(attribute.created_at)
            told["modifiedAt"] = format_moment(attribute.modified_at)
            told["deletedAt"] = format_moment(time)
        if self._form.format is Format.CONCISE:
            del told["type"]
            return NGSI_LD_NULL if len(told) == 1 else told
        return told


def _dataset_of(instance: Any) -> str | None:
    return instance.get("datasetId") if isinstance(instance, dict) else None


def _with_previous(instance: Any, before: dict[str, Any] | None) -> Any:
    """An instance in normalized or concise form with what it was."""
    if before is None:
        return instance
    plain = not isinstance(instance, dict) or not (instance.keys() & _PREVIOUS.keys())
    members = {"value": instance} if plain else instance
    return {**members, **_previous(before)}


def _previous(before: dict[str, Any]) -> dict[str, Any]:
    """The value of a normalized instance as the member that tells of it later."""
    member = VALUE_MEMBERS[Kind(before["type"])]
    return {_PREVIOUS[member]: before[member]}


def _add_to_dataset(there: Any, gone: list[Attribute]) -> Any:
    """Simplified: an attribute of one default instance is its value, one of several a map by datasetId."""
    nulls = {one.dataset_id or "@none": NGSI_LD_NULL for one in gone}
    if there is None and nulls.keys() == {"@none"}:
        return NGSI_LD_NULL
    known = there["dataset"] if isinstance(there, dict) and there.keys() == {"dataset"} else {"@none": there}
    return {"dataset": {**(known if there is not None else {}), **nulls}}
