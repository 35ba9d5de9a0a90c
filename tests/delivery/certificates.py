"""Certificates that tests make for servers of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec


class Certificate(msgspec.Struct, frozen=True):
    """Files in PEM. The certificate vouches for itself."""

    certificate: Path
    key: Path


def certificate(folder: Path, name: str) -> Certificate:
    """A certificate for a server of this name."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    options = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    names = ["-addext", f"subjectAltName=DNS:{name}"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(["openssl", "req", "-x509", *options, *names, *files], check=True, capture_output=True)
    made.key.chmod(0o644)
    return made
