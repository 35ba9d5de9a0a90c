"""Holds docs/ARCHITECTURE.md's rules on the code: who imports whom, how long things get, what is never called.

Every failure names the place and what would be right there. The rules are tables at the top of this file; a
rule that no longer fits is changed there, together with the architecture's text.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from madang import errors

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "madang"

FEATURES = frozenset({"connect", "catalog", "twin", "ecosystem", "programmes", "operations"})
BELOW_HUB = frozenset({"leaf", "ngsild", "vocabulary", "trust", "store"})
BELOW_FACES = BELOW_HUB | {"hub", "city"} | FEATURES

MAY_IMPORT: dict[str, frozenset[str]] = {
    "leaf": frozenset({"leaf"}),
    "ngsild": frozenset({"leaf"}),
    "vocabulary": frozenset({"leaf", "ngsild"}),
    "trust": frozenset({"leaf", "ngsild"}),
    "store": frozenset({"leaf", "ngsild", "vocabulary", "trust"}),
    "hub": BELOW_HUB,
    **dict.fromkeys(FEATURES, BELOW_HUB | {"hub"}),
    "city": BELOW_HUB | {"hub"} | FEATURES,
    **dict.fromkeys(("api", "web", "cli"), BELOW_FACES),
    "wire": BELOW_FACES | {"api", "web", "cli"},
}
LEAVES = frozenset(
    {
        "business_numbers",
        "children",
        "clock",
        "collation",
        "errors",
        "home",
        "i18n",
        "limits",
        "server",
        "settings",
        "setting_forms",
        "sheets",
        "typeface",
        "logs",
        "meters",
        "workbook",
    }
)
STORE_IMPLEMENTATIONS = ("madang.store.sqlite",)

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 450

IO_MODULES = frozenset(
    {"aiohttp", "apsw", "asyncio", "http", "importlib", "io", "multiprocessing", "os", "pathlib", "random"}
    | {"secrets", "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time"}
)
BANNED_MODULES = {
    "pickle": "messages between processes are msgspec values",
    "requests": "outgoing HTTP goes through aiohttp",
    "urllib.request": "outgoing HTTP goes through aiohttp",
    "httpx": "outgoing HTTP goes through aiohttp",
    "unittest.mock": "tests use real parts; fakes only for time and other people's servers",
}
BANNED_CALLS = {
    "eval": "parse the text into a value",
    "exec": "parse the text into a value",
    "asyncio.get_event_loop": "asyncio.get_running_loop() says which loop is meant",
    "time.time": "madang.clock is the one clock",
    "time.time_ns": "madang.clock is the one clock",
    "datetime.now": "madang.clock is the one clock",
    "datetime.utcnow": "madang.clock is the one clock",
    "datetime.today": "madang.clock is the one clock",
    "date.today": "madang.clock is the one clock",
    "datetime.datetime.now": "madang.clock is the one clock",
}
TIME_CALLS_ALLOWED = frozenset({"src/madang/clock.py"})
PRINT_ALLOWED = ("src/madang/cli/", "src/madang/wire.py", "scripts/", "tests/")

# Words that would tie the repository to one reader's machine, or that name unfinished work.
BANNED_WORDS = {
    r"registry\.npmjs\.org|pypi\.org/simple|files\.pythonhosted\.org|deb\.debian\.org": "name packages, not where they lie",
    r"--(extra-)?index-url|--find-links": "the reader's own index is used",
    r"/\.library\b|/work/(main|shared)\b": "a path of one machine",
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "finish it, or describe it in an issue",
}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, and those that would be added to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(
        path for name in sorted(set(listing.split("\0"))) if name and (path := ROOT / name).is_file()
    )


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """(path in the repository, parsed) of every Python file."""
    paths = [path for path in tracked() if path.suffix == ".py"]
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())) for path in paths)


def package_sources() -> Iterator[tuple[str, str, ast.Module]]:
    """(path in the repository, module name, parsed) of every module of the package."""
    for path, tree in sources():
        if path.startswith("src/madang/"):
            name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            yield path, name, tree


def room(module: str) -> str:
    """The room that a module of the package is in. Fails for a module at the top that no rule knows."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] in LEAVES or parts[1].startswith("__"):
        return "leaf"
    if parts[1] in MAY_IMPORT:
        return parts[1]
    pytest.fail(f"{module} is in no room: put it in one, or add it to LEAVES in tests/test_tidy.py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that is imported, also under TYPE_CHECKING; `from a import b` yields a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, modules: frozenset[str]) -> bool:
    """Whether the dotted name is one of the modules, or lies in one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def dotted(node: ast.expr) -> str:
    """`a.b.c` as written, or "" for what is no such name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def tell(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def test_imports_point_one_way() -> None:
    problems = []
    for path, module, tree in package_sources():
        own = room(module)
        for line, name in imports(tree):
            if not name.startswith("madang."):
                continue
            other = room(name)
            if other != own and other not in MAY_IMPORT[own]:
                allowed = ", ".join(sorted(MAY_IMPORT[own]))
                problems.append(f"{path}:{line} imports {name}; {own} may import only {own}, {allowed}")
    tell(problems)


def test_only_wire_chooses_the_store() -> None:
    tell(
        [
            f"{path}:{line} imports {name}; only wire.py chooses an implementation, others use madang.store.base"
            for path, module, tree in package_sources()
            for line, name in imports(tree)
            if name.startswith(STORE_IMPLEMENTATIONS)
            and not module.startswith(("madang.store.", "madang.wire"))
        ]
    )


def test_imports_stand_at_the_top() -> None:
    tell(
        [
            f"{path}:{inner.lineno} imports within a function; move it to the top, or the module is in the wrong room"
            for path, tree in sources()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        ]
    )


def test_the_language_does_no_input_or_output() -> None:
    problems = []
    for path, module, tree in package_sources():
        if room(module) not in ("ngsild", "trust"):
            continue
        for line, name in imports(tree):
            if within(name, IO_MODULES):
                problems.append(
                    f"{path}:{line} imports {name}; {room(module)} is pure: pass in what it gives"
                )
        problems += [
            f"{path}:{node.lineno} opens a file; {room(module)} is pure: pass its content in"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and dotted(node.func) == "open"
        ]
    tell(problems)


def test_functions_fit_a_screen() -> None:
    problems = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    problems.append(
                        f"{path}:{node.lineno} {node.name} has {length} lines; at most {FUNCTION_LINES_MAX}: "
                        "keep the branches, move the work into pure functions"
                    )
    tell(problems)


def test_files_stay_small() -> None:
    code = [path for path in tracked() if path.suffix in (".py", ".ts", ".lua")]
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in code}
    tell(
        [
            f"{path} has {length} lines; at most {FILE_LINES_MAX}: it holds more than one thing"
            for path, length in lengths.items()
            if length > FILE_LINES_MAX
        ]
    )


def test_banned_modules_are_not_imported() -> None:
    banned = frozenset(BANNED_MODULES)
    tell(
        [
            f"{path}:{line} imports {name}: {reason}"
            for path, tree in sources()
            for line, name in imports(tree)
            if within(name, banned)
            for module, reason in BANNED_MODULES.items()
            if within(name, frozenset({module}))
        ]
    )


def test_banned_calls_are_not_made() -> None:
    problems = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func)
            clock_matters = path.startswith("src/") and path not in TIME_CALLS_ALLOWED
            if name in BANNED_CALLS and ("clock" not in BANNED_CALLS[name] or clock_matters):
                problems.append(f"{path}:{node.lineno} calls {name}(): {BANNED_CALLS[name]}")
            if name == "print" and not path.startswith(PRINT_ALLOWED):
                problems.append(
                    f"{path}:{node.lineno} prints; only the command line speaks: log, or return it"
                )
    tell(problems)


def test_asynchronous_code_never_sleeps_in_the_loop() -> None:
    tell(
        [
            f"{path}:{call.lineno} calls time.sleep in `async def {node.name}`: await asyncio.sleep"
            for path, tree in sources()
            for node in ast.walk(tree)
            if isinstance(node, ast.AsyncFunctionDef)
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and dotted(call.func) == "time.sleep"
        ]
    )


def test_modules_open_with_what_lives_in_them() -> None:
    tell(
        [
            f"{path} has no docstring; open it with a paragraph: what lives here, what does not"
            for path, tree in sources()
            if tree.body and not ast.get_docstring(tree)
        ]
    )


def test_no_file_names_an_index_or_one_machine_or_unfinished_work() -> None:
    problems = []
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern, reason in BANNED_WORDS.items():
            for match in re.finditer(pattern, text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path.relative_to(ROOT)}:{line} says {match[0]!r}: {reason}")
    tell(problems)


def test_requirements_are_hashed_and_name_no_index() -> None:
    problems = []
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        problems += [
            f"{path.name}:{number} {line.strip()!r} names a place; the reader's own index is used"
            for number, line in enumerate(text.splitlines(), 1)
            if re.match(r"\s*(-i|-f|--(?!hash))", line)
            or ("://" in line and not line.lstrip().startswith("#"))
        ]
        problems += [
            f"{path.name}: {name} has no hash; compile with `make lock`"
            for name in re.findall(r"^(\S+==\S+)(?![^\n]*\\\n\s+--hash=)", text, re.MULTILINE)
        ]
    tell(problems)


def test_both_dark_sets_of_tokens_are_equal() -> None:
    for path in tracked():
        if path.suffix != ".css":
            continue
        blocks = re.findall(r"\{([^{}]*color-scheme:\s*dark;[^{}]*)\}", path.read_text())
        sets = [frozenset(" ".join(part.split()) for part in block.split(";")) - {""} for block in blocks]
        differing = frozenset().union(*sets) - frozenset(sets[0]).intersection(*sets) if sets else frozenset()
        assert not differing, f"{path.relative_to(ROOT)}: the dark sets differ in {sorted(differing)}"


def test_the_tree_of_errors_draws_every_error() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"MadangError"}
    assert drawn == defined, f"draw in errors.py: {defined - drawn}; rub out: {drawn - defined}"
