"""The tables of the platform's SQLite file, as numbered migrations that only go forward.

Append a migration for tables of another part; never change one that is there. digest: SHA-256 of a random secret.
Lists (roles, tenants, scopes) are JSON, NULL for all of them.
"""

from __future__ import annotations

from typing import Final

from madang.store.sqlite import audit_rows

MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE account (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        login TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        roles TEXT NOT NULL,
        tenants TEXT,
        active INTEGER NOT NULL,
        created INTEGER NOT NULL,
        signed_in INTEGER NOT NULL DEFAULT 0,
        password TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE provided (
        issuer TEXT, subject TEXT, account INTEGER NOT NULL, PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID;
    CREATE INDEX provided_by_account ON provided (account);
    CREATE TABLE organisation (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE membership (
        account INTEGER, organisation TEXT, PRIMARY KEY (account, organisation)
    ) WITHOUT ROWID;
    CREATE INDEX membership_by_organisation ON membership (organisation);
    CREATE TABLE link (
        digest BLOB PRIMARY KEY, errand TEXT NOT NULL, account INTEGER NOT NULL, expires INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE session (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        digest BLOB NOT NULL UNIQUE,
        former BLOB,
        former_until INTEGER NOT NULL DEFAULT 0,
        account INTEGER NOT NULL,
        created INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        made INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        browser TEXT NOT NULL,
        method TEXT NOT NULL
    );
    CREATE INDEX session_by_account ON session (account);
    CREATE INDEX session_by_former ON session (former) WHERE former IS NOT NULL;
    CREATE TABLE key (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        account INTEGER NOT NULL,
        name TEXT NOT NULL,
        scopes TEXT,
        tenants TEXT,
        hint TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0,
        revoked INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX key_by_account ON key (account);
    CREATE TABLE key_secret (
        digest BLOB PRIMARY KEY, key INTEGER NOT NULL, expires INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX key_secret_by_key ON key_secret (key);
    CREATE TABLE client (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        account INTEGER NOT NULL,
        name TEXT NOT NULL,
        sandbox TEXT NOT NULL,
        organisation TEXT NOT NULL,
        roles TEXT NOT NULL,
        scopes TEXT,
        tenants TEXT NOT NULL,
        live INTEGER NOT NULL,
        created INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0,
        revoked INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX client_by_account ON client (account);
    CREATE TABLE client_secret (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        digest BLOB NOT NULL UNIQUE,
        client INTEGER NOT NULL,
        live INTEGER NOT NULL,
        hint TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL
    );
    CREATE INDEX client_secret_by_client ON client_secret (client);
    CREATE TABLE client_token (
        digest BLOB PRIMARY KEY, client INTEGER NOT NULL, live INTEGER NOT NULL, expires INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    audit_rows.TABLES,
    """
    CREATE TABLE policy (
        id TEXT PRIMARY KEY, document TEXT NOT NULL, changed INTEGER NOT NULL, changed_by TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE policy_use (
        policy TEXT, subject TEXT, day INTEGER, count INTEGER NOT NULL, PRIMARY KEY (day, policy, subject)
    ) WITHOUT ROWID;
    """,
)
