"""Fails if a test was skipped that tests/allowed_skips.txt does not list.

Usage: check_skips.py REPORT ALLOWED, where REPORT is pytest's --junitxml. A line of ALLOWED is
`tests/test_x.py::test_name: why`; it covers every parameter of that test. Lines that begin with # are notes.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def skipped(report: Path) -> dict[str, str]:
    """Test name without parameters ("tests.test_x::test_name") -> why it was skipped."""
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        skip = case.find("skipped")
        if skip is not None:
            name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
            found[name.partition("[")[0]] = skip.get("message", "")
    return found


def allowed(listing: Path) -> set[str]:
    """Names in the form of `skipped`."""
    lines = [line.strip() for line in listing.read_text().splitlines()]
    identifiers = [line.partition(": ")[0] for line in lines if line and not line.startswith("#")]
    split = [identifier.replace(".py", "", 1).replace("/", ".").split("::") for identifier in identifiers]
    return {"::".join(part for part in (".".join(scope), name) if part) for *scope, name in split}


def main() -> int:
    report, listing = (Path(argument) for argument in sys.argv[1:3])
    permitted = allowed(listing)
    surplus = {name: reason for name, reason in skipped(report).items() if name not in permitted}
    for name, reason in surplus.items():
        sys.stderr.write(f"{name} was skipped ({reason}), and {listing} does not list it\n")
    return 1 if surplus else 0


if __name__ == "__main__":
    sys.exit(main())
