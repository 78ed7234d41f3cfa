"""CONTRIBUTING is true: its recipes, followed on a copy of the tree, touch what they name."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

OF_NO_USE = shutil.ignore_patterns(
    *(".*", "__pycache__", "build", "data", "dist", "htmlcov", "node_modules", "tmp")
)
"""What a copy does without."""


class Tree:
    """A copy of the tree, which remembers what is written into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=OF_NO_USE)
        (folder / "clients" / "node_modules").symlink_to(ROOT / "clients" / "node_modules")
        # No recipe moves the coast, and it takes ten seconds each time.
        self.edit("docs/generate.py", ("    yield from coastlines.files()\n", ""))
        self.edit("docs/generate.py", ("from docs import coastlines\n", ""))
        self._before = self._files()
        self.changed: set[str] = set()
        """All that is new or different."""

    def _files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    def touched(self) -> set[str]:
        """The files that are new or different since this was asked last."""
        before, self._before = self._before, self._files()
        touched = {name for name, text in self._before.items() if before.get(name) != text}
        self.changed |= touched
        return touched

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        assert not path.exists(), name
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Puts texts in the places of others, each of which is there once."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def python(self, *arguments: str) -> str:
        """What a module prints that runs in the copy, in which it must succeed."""
        return self._run(sys.executable, "-B", "-m", *arguments)

    def generate(self, target: str = "generate") -> None:
        """What `make generate` does, or `make verify`."""
        self.python("docs.generate", *(["--check"] if target == "verify" else []))
        self._run("npm", "run", "--prefix", "clients/typescript", target)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


EXPENSE = '''"""Expenses: what was paid, and by whom."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.fields import ClientRef, Safe, Text, Title, link
from domain.resource import Resource

Currency = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{3}$",
        max_length=3,
        description="a currency of ISO 4217 as three capital letters, such as EUR",
        examples=["EUR"],
    ),
]


class Expense(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What was paid, and by whom; the amount is in the currency's minor unit."""

    title: Annotated[Title, Safe]
    amount_minor: int
    currency: Currency
    paid_by: Annotated[str, link("member")] | UnsetType = UNSET
    leg_id: Annotated[str, Safe, link("leg")] | UnsetType = UNSET
    notes: Text | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


EXPENSE = Resource(
    kind="expense",
    struct=Expense,
    collection="expenses",
    id_param="expenseId",
    snapshot="expenses",
)
'''

CALENDAR = '''"""A trip as a calendar."""

from server.route import Call, Reply
from storage.store import Tx


async def show(tx: Tx, call: Call) -> Reply:
    """A calendar without events."""
    return Reply(200, b"BEGIN:VCALENDAR\\r\\nEND:VCALENDAR\\r\\n")
'''

FESTIVALS = '''"""Festivals."""

from server.pages.visit import Document, Visit


async def show(visit: Visit) -> Document:
    """The festivals there are."""
    return Document(template="festivals.html")
'''

FESTIVALS_PAGE = """{% extends "page.html" %}
{% block title %}{{ t('festivals.title') }} · Carnet{% endblock %}
{% block main %}
<h1>{{ t('festivals.title') }}</h1>
{% endblock %}
"""

REMINDERS = '''"""What people are reminded of."""

from runtime.settings import Settings
from storage.store import Store


async def remind(store: Store, settings: Settings) -> None:
    """Reminds nobody."""
'''

LAST_ALERT = "      - alert: CarnetWrongKeys"
MANY_REMINDERS = f"""      - alert: CarnetReminds
        expr: sum(rate(carnet_reminders_total[5m])) > 0.5
        labels: {{ severity: warning }}
        annotations:
          summary: Many people are reminded
          runbook_url: docs/runbook.md#carnetreminds

{LAST_ALERT}
"""


def add_a_field(tree: Tree) -> None:
    tree.edit(
        "domain/resources/map_pin.py",
        (
            "    notes: Annotated[Text,",
            "    visits: Annotated[int, Meta(ge=0)] | UnsetType = UNSET\n"
            "    notes: Annotated[Text,",
        ),
        ("from msgspec import UNSET, Struct", "from msgspec import UNSET, Meta, Struct"),
    )
    tree.generate()


def add_a_resource(tree: Tree) -> None:
    tree.write("domain/resources/expense.py", EXPENSE)
    tree.edit(
        "domain/resources/__init__.py",
        (
            "import COMMITMENT\n",
            "import COMMITMENT\nfrom domain.resources.expense import EXPENSE\n",
        ),
        ("ACTION_ITEM, COMMITMENT)", "ACTION_ITEM, COMMITMENT, EXPENSE)"),
    )
    tree.edit(
        "tests/support.py",
        (
            '"category": "dinner"},\n',
            '"category": "dinner"},\n'
            '    "expense": {"title": "Sushi", "amountMinor": 4200, "currency": "JPY"},\n',
        ),
    )
    tree.generate()


def add_a_setting(tree: Tree) -> None:
    tree.edit(
        "runtime/settings.py",
        (
            '    """What is logged, and how."""\n',
            '    """What is logged, and how."""\n\n'
            '    sampling: Annotated[int, Meta(ge=1, description="a whole number from 1")] = 1',
        ),
    )
    tree.edit(
        "config.toml", ("[log]\n", "[log]\n# One of so many requests is logged.\nsampling = 1\n")
    )
    tree.generate()


def add_a_route(tree: Tree) -> None:
    tree.write("server/api/almanac.py", CALENDAR)
    tree.edit(
        "server/routes.py",
        ("from server.api import (\n", "from server.api import (\n    almanac,\n"),
        (
            '    Transaction("POST", f"{_TRIP}/share-token",',
            '    Transaction("GET", f"{_TRIP}/almanac.ics", "getAlmanac",\n'
            '                almanac.show, "Read an almanac", "trips", str,\n'
            '                scope="trips:read", shows="content",\n'
            '                media_type="text/calendar; charset=utf-8"),\n'
            '    Transaction("POST", f"{_TRIP}/share-token",',
        ),
    )
    tree.generate()


def add_a_page(tree: Tree) -> None:
    tree.write("server/pages/handlers/festivals.py", FESTIVALS)
    tree.write("server/pages/templates/festivals.html", FESTIVALS_PAGE)
    tree.edit(
        "server/pages/table.py",
        ("    checklist,\n", "    checklist,\n    festivals,\n"),
        (
            "PAGES: Final[tuple[PageRoute, ...]] = (\n",
            "PAGES: Final[tuple[PageRoute, ...]] = (\n"
            '    PageRoute("GET", "/festivals", festivals.show),\n',
        ),
    )
    for language, title in (("en", "Festivals"), ("fr", "Fêtes")):
        tree.edit(
            f"server/pages/messages/{language}.json",
            ('  "common": {', f'  "festivals": {{\n    "title": "{title}"\n  }},\n  "common": {{'),
        )
    tree.edit(
        "docs/screenshots.py",
        ("SHOTS: Final = (\n", 'SHOTS: Final = (\n    Shot("festivals", "/festivals"),\n'),
    )


def add_a_word(tree: Tree) -> None:
    for language, word in (("en", "Every summer"), ("fr", "Chaque été")):
        tree.edit(
            f"server/pages/messages/{language}.json",
            ('  "festivals": {\n', f'  "festivals": {{\n    "when": "{word}",\n'),
        )
    tree.edit(
        "server/pages/templates/festivals.html",
        ("</h1>\n", "</h1>\n<p>{{ t('festivals.when') }}</p>\n"),
    )


def add_a_schedule(tree: Tree) -> None:
    tree.write("workers/reminders.py", REMINDERS)
    tree.edit(
        "workers/kinds.py",
        ("imports, pruning, undo\n", "imports, pruning, reminders, undo\n"),
        (
            "SCHEDULES: Final = (\n",
            'SCHEDULES: Final = (\n    Schedule("remind", HOUR, reminders.remind),\n',
        ),
    )


def add_a_metric(tree: Tree) -> None:
    tree.edit(
        "runtime/measured.py",
        (
            "# Storage\n",
            'REMINDERS = Counter("carnet_reminders_total", "People who were reminded.")\n\n'
            "# Storage\n",
        ),
    )
    tree.edit(
        "workers/reminders.py",
        ("from runtime.settings", "from runtime import measured\nfrom runtime.settings"),
        ('nobody."""\n', 'nobody."""\n    measured.REMINDERS.add(by=0)\n'),
    )
    tree.edit(
        "docs/dashboard.py",
        (
            '        Shown(\n            "Since the last cleaning up",\n',
            '        Shown("Reminders", "short", ((rate("carnet_reminders_total"), "sent"),)),\n'
            '        Shown(\n            "Since the last cleaning up",\n',
        ),
    )
    tree.edit("ops/prometheus/carnet.rules.yaml", (f"{LAST_ALERT}\n", MANY_REMINDERS))
    tree.edit(
        "docs/runbook.md",
        ("## CarnetWrongKeys\n", "## CarnetReminds\n\nAsk people.\n\n## CarnetWrongKeys\n"),
    )
    tree.edit(
        "tests/ops/test_alerts.py",
        (
            '    "CarnetWrongKeys": Cause(',
            '    "CarnetReminds": Cause({f"carnet_reminders_total{{{ONE}}}": "0+60x300"}),\n'
            '    "CarnetWrongKeys": Cause(',
        ),
    )
    tree.generate()


RECIPES: dict[str, Callable[[Tree], None]] = {
    "Adding a field": add_a_field,
    "Adding a resource": add_a_resource,
    "Adding a setting": add_a_setting,
    "Adding a route": add_a_route,
    "Adding a page": add_a_page,
    "Adding a word": add_a_word,
    "Adding a schedule, or a kind of job": add_a_schedule,
    "Adding a metric": add_a_metric,
}


def named(recipe: str) -> set[str]:
    """The files and folders that the steps of a recipe name."""
    section = CONTRIBUTING.split(f"## {recipe}\n")[1].split("\n## ")[0]
    steps = re.findall(r"^\d\. .*", section, re.MULTILINE)
    return set(re.findall(r"`([\w./]+(?:/|\.\w+))`", "\n".join(steps)))


def unnamed(touched: set[str], names: set[str]) -> Iterator[str]:
    """What was touched beyond what is named, and what is named and was not touched."""
    left = set(names)
    for path in sorted(touched):
        found = path if path in names else f"{Path(path).parent}/"
        if found not in names:
            yield f"{path} is not named"
        left.discard(found)
    yield from (f"{name} is named, and was not touched" for name in sorted(left))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy in which all recipes were followed."""
    copy = Tree(tmp_path_factory.mktemp("contributing") / "carnet")
    for recipe, follow in RECIPES.items():
        follow(copy)
        assert list(unnamed(copy.touched(), named(recipe))) == [], recipe
    return copy


def test_the_copy_has_what_was_added(tree):
    listed = (tree.folder / "README.md").read_text()
    assert "| `POST /trips/{tripId}/expenses:batch` |" in listed
    assert "| `GET /trips/{tripId}/almanac.ics` |" in listed
    assert "| `log.sampling` | `1` | One of so many requests is logged. |" in listed
    assert "`expenses`" in (tree.folder / "docs/api.md").read_text()
    assert "| `carnet_reminders_total` | counter |" in (tree.folder / "docs/metrics.md").read_text()
    methods = (tree.folder / "clients/typescript/src/operations.ts").read_text()
    assert "  iterateExpenses(tripId: string, " in methods
    assert "  getAlmanac(tripId: string, " in methods


def test_it_is_in_style_and_up_to_date(tree):
    tree.generate("verify")
    sources = sorted(name for name in tree.changed if name.endswith(".py"))
    tree.python("ruff", "check", "--no-cache", *sources)
    tree.python("ruff", "format", "--no-cache", "--check", *sources)


TABLES = [
    *(f"tests/domain/test_{name}.py" for name in ("imports", "plan", "projection", "resource")),
    *("tests/domain/test_shape.py", "tests/server/test_openapi.py", "tests/server/test_tree.py"),
    "tests/server/test_openapi_words.py",
    *("tests/runtime/test_settings.py", "tests/workers/test_kinds.py"),
    *("tests/runtime/test_measured.py", "tests/carnet/test_series.py", "tests/ops/test_alerts.py"),
    *("tests/test_layers.py", "tests/docs/test_generate.py"),
    *(f"tests/server/pages/test_{name}.py" for name in ("catalogue", "templates")),
]
"""Tests that go through the tables of resources, routes, settings, pages, words and jobs."""


@pytest.mark.timeout(300)
def test_the_tests_of_the_tables_pass(tree):
    tree.python("pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "not postgres", *TABLES)


@pytest.mark.timeout(300)
def test_the_tests_of_each_kind_route_and_page_pass(tree):
    added = "expense or almanac or festivals"
    like_it = "mapPin or test_export or test_share or test_sync_export"
    parts = (
        *("tests/contract", "tests/properties/test_laws.py"),
        "tests/server/pages/test_every_page.py",
    )
    options = ("-q", "-x", "-p", "no:cacheprovider", "--ignore=tests/contract/test_schemathesis.py")
    tree.python("pytest", *options, "-k", f"not postgres and ({added} or {like_it})", *parts)


def test_what_is_not_named_is_seen():
    assert list(unnamed({"a/b.py", "c.md"}, {"a/", "c.md"})) == []
    assert list(unnamed({"a/b/c.py"}, {"a/"})) == [
        "a/b/c.py is not named",
        "a/ is named, and was not touched",
    ]
