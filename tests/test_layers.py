"""The house's walls: what may import what (the picture of it is in CONTRIBUTING)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PACKAGES = ("domain", "formats", "runtime", "storage", "operations", "workers", "server", "carnet")

MAY_IMPORT = {
    "domain": {"domain"},
    "formats": {"domain", "formats"},
    "runtime": {"domain", "runtime"},
    "storage": {"domain", "runtime", "storage"},
    "operations": {"domain", "formats", "runtime", "storage", "operations"},
    "workers": {"domain", "formats", "runtime", "storage", "operations", "workers"},
    "server": {"domain", "formats", "runtime", "storage", "operations", "server"},
    "carnet": set(PACKAGES),
}
"""Which of our packages each of them stands on."""

DRIVERS = {"aiosqlite", "asyncpg", "redis", "arq"}
LOGGING = {"structlog"}

IMPURE_MODULES = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "signal", "subprocess"),
    *("glob", "io", "mmap", "os", "pathlib", "shutil", "sqlite3", "tempfile"),
    *("ftplib", "http", "select", "selectors", "smtplib", "socket", "socketserver", "ssl"),
    *("random", "secrets", "time", "urllib", "uuid"),
    *("getpass", "importlib", "locale", "logging", "platform", "sys", "threading", "warnings"),
}
CONSTANT_DATA = {"zones.py": {"importlib", "read_text"}}
"""What may read the data of a package it depends on: as constant as an imported module."""
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
IMPURE_METHODS = {"now", "utcnow", "today", "localtime", "read_text", "write_text"}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


ALL_FILES = [
    pytest.param(package, path, id=str(path.relative_to(ROOT)))
    for package in PACKAGES
    for path in files(package)
]
DOMAIN_FILES = [case for case in ALL_FILES if case.values[0] == "domain"]


def imported(source: str) -> set[str]:
    """The top-level modules a source imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").partition(".")[0])
    return found


def impurities(source: str) -> Iterator[str]:
    """What in a source reads a clock, rolls dice, or touches the world."""
    yield from imported(source) & IMPURE_MODULES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global):
            yield type(node).__name__
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                yield node.func.id
            if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
                yield node.func.attr


@pytest.mark.parametrize(("package", "path"), ALL_FILES)
def test_a_module_imports_only_what_is_below_it(package, path):
    ours = imported(path.read_text()) & {*PACKAGES, "tests", "bench", "examples", "."}
    assert ours <= MAY_IMPORT[package]


@pytest.mark.parametrize(("package", "path"), DOMAIN_FILES)
def test_domain_needs_nothing_but_the_standard_library_and_msgspec(package, path):
    assert imported(path.read_text()) <= {*sys.stdlib_module_names, "msgspec", "domain"}


@pytest.mark.parametrize("path", files("storage"), ids=lambda path: path.name)
def test_storage_needs_nothing_but_domain_and_its_drivers(path):
    allowed = {
        *sys.stdlib_module_names,
        *DRIVERS,
        *LOGGING,
        "msgspec",
        "isal",
        "domain",
        "runtime",
        "storage",
    }
    assert imported(path.read_text()) <= allowed


@pytest.mark.parametrize("path", files("operations"), ids=lambda path: path.name)
def test_operations_know_no_driver_and_no_http(path):
    allowed = {*sys.stdlib_module_names, "msgspec", *MAY_IMPORT["operations"]}
    assert imported(path.read_text()) <= allowed - {"asyncio", "http", "sqlite3"}


@pytest.mark.parametrize("path", files("server"), ids=lambda path: path.name)
def test_the_server_knows_no_database(path):
    assert not imported(path.read_text()) & {"aiosqlite", "asyncpg", "sqlite3"}


@pytest.mark.parametrize(("package", "path"), DOMAIN_FILES)
def test_domain_is_pure(package, path):
    assert set(impurities(path.read_text())) == CONSTANT_DATA.get(path.name, set())


@pytest.mark.parametrize("path", files("formats"), ids=lambda path: path.name)
def test_readers_touch_nothing_but_the_bytes_they_are_given(path):
    """They may hold bytes in a buffer (`io`), and take links apart (`urllib.parse`)."""
    source = path.read_text().replace("from urllib.parse import", "from string import")
    touched = set(impurities(source)) - {"io", "Global"}
    assert not touched, touched


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "def f():\n    from os.path import join",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today()",
        "def f():\n    return open('x')",
        "async def f(): ...",
        "import random as r",
    ],
)
def test_the_walls_can_be_seen_to_break(source):
    assert list(impurities(source))


def test_imports_are_found_wherever_they_stand():
    source = "import server.app\ndef f():\n    if True:\n        from carnet import cli\n"
    assert imported(source) == {"server", "carnet"}
    assert imported("from . import x") == {"."}


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in files(package)
}
"""Every module of ours by its name."""


def modules_imported(source: str) -> set[str]:
    """Our modules that a source imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            # `from storage import trips, open_store` needs the package for its own names only.
            found |= below if len(below) == len(node.names) else below | {node.module}
    return found & MODULES.keys()


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """The largest groups of modules each of which leads to all others of its group."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        reached[start], ahead = set(), list(graph[start])
        while ahead:
            name = ahead.pop()
            if name not in reached[start]:
                reached[start].add(name)
                ahead += graph[name]
    return {
        frozenset(other for other in reached[name] if name in reached[other])
        for name in graph
        if name in reached[name]
    }


def test_no_module_leads_back_to_itself():
    """Neither by imports inside functions, nor by those for types."""
    graph = {name: modules_imported(path.read_text()) for name, path in MODULES.items()}
    assert circles(graph) == set()


def test_circles_can_be_seen():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert circles(graph) == {frozenset("bc"), frozenset("e")}
    source = (
        "from server import app\ndef f():\n    from storage import open_store\nimport carnet.cli"
    )
    assert modules_imported(source) == {"server.app", "storage", "carnet.cli"}


def test_domain_and_storage_are_imported_without_the_rest():
    """What ast cannot see: imports by name."""
    code = (
        "import sys, pkgutil, importlib, domain, storage\n"
        "for package in (domain, storage):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"server", "workers", "carnet", "aiohttp", "click"} & {*done.stdout.split()}


def test_commands_start_without_what_a_server_needs():
    """A health check is one, every ten seconds in each container."""
    code = "import sys, carnet.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"aiohttp", "aiosqlite", "arq", "asyncpg", "jinja2"} & {*done.stdout.split()}
