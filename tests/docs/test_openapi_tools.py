"""What other programs make of docs/openapi.json: no finding of a linter, nothing left out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CLIENTS = ROOT / "clients"
PROGRAMS = CLIENTS / "node_modules" / ".bin"
DESCRIPTION = ROOT / "docs" / "openapi.json"
ALONE = {"CI": "1", "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Settings that keep programs from asking for newer versions of themselves."""


def run(folder: Path, *command: str | Path) -> str:
    """What a program prints, which must succeed; it finds those beside our interpreter."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **ALONE, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def node(folder: Path, program: str, *arguments: str | Path) -> str:
    return run(folder, "node", PROGRAMS / program, *arguments)


@pytest.fixture(scope="module")
def types(tmp_path_factory):
    """The types that openapi-typescript makes."""
    folder = tmp_path_factory.mktemp("typescript")
    options = ("--default-non-nullable=false", "-o", "schema.ts")
    node(folder, "openapi-typescript", DESCRIPTION, *options)
    return folder / "schema.ts"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The package that openapi-python-client makes, and what it said."""
    folder = tmp_path_factory.mktemp("python")
    options = ("--output-path", "carnet_api", "--meta", "none")
    printed = run(folder, "openapi-python-client", "generate", "--path", DESCRIPTION, *options)
    return folder / "carnet_api", printed


def test_redocly_finds_nothing():
    printed = node(
        CLIENTS, "redocly", "lint", "--config=redocly.yaml", "--format=json", DESCRIPTION
    )
    found = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    assert found["problems"] == []


def test_spectral_finds_nothing():
    options = ("--ruleset", ".spectral.yaml", "--fail-severity=hint")
    assert "No results" in node(CLIENTS, "spectral", "lint", *options, DESCRIPTION)


def test_types_are_right_and_say_what_there_is(types):
    use = types.with_name("use.ts")
    use.write_text(
        """import type { components, operations } from "./schema";
type Schemas = components["schemas"];
export const leg: Schemas["LegUpsert"] = { clientRef: "leg-tokyo", timezone: "Asia/Tokyo" };
export const status = (trip: Schemas["Trip"]): "draft" | "active" | "completed" => trip.status;
export const unknown = (flight: Schemas["Flight"]): unknown => flight["terminal"];
export const sent: Schemas["AccommodationInput"] = { name: null, terminal: "ours" };
export const when = (job: Schemas["Job"]): string | undefined => job.finishedAt;
export type Events = operations["events"]["responses"]["200"]["content"]["text/event-stream"];
export const told: Events = "event: hello";
// @ts-expect-error - what the server sets is read-only
export const change = (leg: Schemas["LegPatch"]): void => { leg.createdAt = ""; };
// @ts-expect-error - a name that no error has
export const code: Schemas["ErrorCode"] = "NO_SUCH";
""",
        encoding="utf-8",
    )
    options = ("--strict", "--noEmit", "--target", "es2022", "--moduleResolution", "bundler")
    node(types.parent, "tsc", *options, "--module", "es2022", "use.ts", "schema.ts")


def test_the_python_client_is_whole(client):
    package, printed = client
    assert printed.strip() == f"Generating {package.name}"
    names = {path.stem for path in (package / "models").glob("*.py")}
    assert {"trip", "leg", "leg_create", "map_pin", "trip_status", "error_code"} <= names
    calls = {path.stem for path in (package / "api").rglob("*.py")}
    operations = json.loads(DESCRIPTION.read_bytes())["paths"].values()
    named = {each["operationId"] for methods in operations for each in methods.values()}
    assert {re.sub(r"(?=[A-Z])", "_", name).lower() for name in named} <= calls


def test_the_python_client_reads_what_is_shown_by_example(client):
    """In a process of its own: it warns of nothing, and gives back what it was given."""
    package, _ = client
    script = f"""
import json, pkgutil, importlib, carnet_api
from carnet_api.models import Leg, LegCreate, Trip, TripStatus, ErrorBody, ErrorCode
for module in pkgutil.walk_packages(carnet_api.__path__, "carnet_api."):
    importlib.import_module(module.name)
paths = json.load(open({str(DESCRIPTION)!r}))["paths"]
def shown(at, method, status):
    content = paths[at][method]["responses"][status]["content"]
    return content["application/json"]["example"]
legs = shown("/trips/{{tripId}}/legs", "get", "200")["items"]
read = Leg.from_dict(legs[0])
assert read.accommodation.name == "Hotel Sumidakaze"
assert read.to_dict().keys() == legs[0].keys()
trip = Trip.from_dict(shown("/trips/{{tripId}}", "get", "200"))
assert trip.status is TripStatus.DRAFT
"""
    run(package.parent, sys.executable, "-W", "error", "-c", script)
