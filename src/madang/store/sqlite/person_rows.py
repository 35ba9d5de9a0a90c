"""The tables for persons in a tenant's file, and between their rows and values.

consent: receipts. person_link: which entity is about whom. person_request: what persons asked for. destruction: what is
gone. destruction alone stays when a person is erased, and says nothing of them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from madang.store.persons import Cause, Consent, Destruction, Request, Wish

TABLES: Final = """
    CREATE TABLE consent (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        person TEXT NOT NULL,
        purpose TEXT NOT NULL,
        attributes TEXT NOT NULL,
        roles TEXT NOT NULL,
        organisations TEXT NOT NULL,
        given INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        revoked INTEGER NOT NULL,
        by TEXT NOT NULL,
        notice TEXT NOT NULL
    );
    CREATE INDEX consent_by_person ON consent (person, number);
    CREATE TABLE person_link (subject TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE person_request (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        wish TEXT NOT NULL,
        subject TEXT NOT NULL,
        person TEXT NOT NULL,
        text TEXT NOT NULL,
        made INTEGER NOT NULL,
        due INTEGER NOT NULL,
        done INTEGER NOT NULL,
        answer TEXT NOT NULL
    );
    CREATE INDEX person_request_by_subject ON person_request (subject, number);
    CREATE TABLE destruction (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        cause TEXT NOT NULL,
        by TEXT NOT NULL,
        reason TEXT NOT NULL,
        types TEXT NOT NULL,
        other TEXT NOT NULL,
        begun INTEGER NOT NULL,
        ended INTEGER NOT NULL
    );
    """
PROTECTED: Final = "SELECT value FROM meta WHERE key = 'protected'"
CONSENT: Final = (
    "number, person, purpose, attributes, roles, organisations, given, expires, revoked, by, notice"
)
REQUEST: Final = "number, wish, subject, person, text, made, due, done, answer"
DESTRUCTION: Final = "number, cause, by, reason, types, other, begun, ended"


def packed(value: object) -> str:
    return msgspec.json.encode(value).decode()


def consent_row(consent: Consent) -> tuple[Any, ...]:
    """All columns but the number."""
    return (
        *(consent.person, consent.purpose, packed(consent.attributes), packed(consent.roles)),
        *(packed(consent.organisations), consent.given, consent.expires, consent.revoked),
        *(consent.by, consent.notice),
    )


def consent_of(row: Any) -> Consent:
    number, person, purpose, attributes, roles, organisations, given, expires, revoked, by, notice = row
    lists = [msgspec.json.decode(text, type=tuple[str, ...]) for text in (attributes, roles, organisations)]
    return Consent(
        *(person, purpose, lists[0], lists[1], given, expires, lists[2], by, notice, number, revoked)
    )


def request_of(row: Any) -> Request:
    number, wish, subject, person, text, made, due, done, answer = row
    return Request(Wish(wish), subject, person, text, made, due, number, done, answer)


def destruction_of(row: Any) -> Destruction:
    number, cause, by, reason, types, other, begun, ended = row
    by_type, elsewhere = (msgspec.json.decode(text, type=dict[str, int]) for text in (types, other))
    return Destruction(Cause(cause), by, reason, by_type, elsewhere, begun, number, ended)
