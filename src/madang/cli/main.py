"""The command line: which commands there are, and what becomes of their errors.

A command parses its words, makes one call and shows the outcome. An error of the platform's tree is one line with
its remedy on standard error; only a bug shows a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from madang import __version__
from madang.cli.account import account_application
from madang.cli.audit import audit_application
from madang.cli.bench.command import bench
from madang.cli.bench.scale_command import bench_scale_command
from madang.cli.check import check_command
from madang.cli.exits import FAILED, INTERRUPTED, OK, USAGE
from madang.cli.maintenance import backup_command, doctor_command, restore_command
from madang.cli.person import person_application
from madang.cli.transfer import export_command, load_command
from madang.cli.up import up_command
from madang.cli.wiring import Wiring
from madang.errors import AddressInUse, MadangError, SettingInvalid


def application(wiring: Wiring) -> App:
    """All commands."""
    app = App(
        name="madang",
        help="Madang: one linked, live, open graph of a city.",
        version=__version__,
        result_action="return_value",
        error_console=Console(stderr=True, soft_wrap=True),
        error_formatter=lambda error: f"madang: {error}",
    )
    app.command(up_command(wiring), name="up")
    app.command(check_command, name="check")
    app.command(export_command, name="export")
    app.command(load_command, name="load")
    app.command(backup_command(wiring), name="backup")
    app.command(restore_command(wiring), name="restore")
    app.command(doctor_command(wiring), name="doctor")
    app.command(audit_application(wiring))
    app.command(person_application(wiring))
    app.command(account_application(wiring))
    app.command(ecosystem := App(name="ecosystem", help="The innovation ecosystem: who works with whom."))
    ecosystem.command("madang.cli.ecosystem:analyse_command", name="analyse")
    ecosystem.command("madang.cli.ecosystem_resolve:resolve_command", name="resolve")
    ecosystem.command("madang.cli.ecosystem_report:report_command", name="report")
    ecosystem.command("madang.cli.ecosystem_matching:evaluate_command", name="evaluate-matching")
    ecosystem.command("madang.cli.ecosystem_classify:classify_command", name="classify")
    app.command(bench, name="bench")
    app.command(bench_scale_command(wiring), name="bench-scale")
    return app


def run(words: Sequence[str], wiring: Wiring) -> int:
    """Carry out a command; its exit code (`exits.py`)."""
    try:
        code = application(wiring)(list(words), exit_on_error=False)
    except CycloptsError:
        return USAGE
    except MadangError as error:
        complain(error)
        return USAGE if isinstance(error, SettingInvalid | AddressInUse) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def complain(error: MadangError) -> None:
    sys.stderr.write(f"madang: {error.message}\n")
    if error.detail:
        sys.stderr.write(error.detail.rstrip() + "\n")
