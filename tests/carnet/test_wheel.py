"""The built wheel: what is in it, and that it works beside modules that have the names of ours."""

import compileall
import configparser
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.carnet import program
from tests.carnet.program import PLENTY, environment, run, serving
from tests.support import SAMPLES, TRIP
from tests.test_layers import PACKAGES

ROOT = Path(__file__).parent.parent.parent
SECONDS = 110.0

FOREIGN = "raise ImportError(f'of another project: {__file__}')\n"
IN_THE_FOLDER = ("server.py", "carnet.py", "queue.py", "click.py", "domain/__init__.py")
IN_SITE_PACKAGES = tuple(f"{name}/__init__.py" for name in PACKAGES if name != "carnet")


def write_foreign(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FOREIGN)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as it is published."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of programs of a new environment with the wheel and this one's dependencies.

    Without a network, and without pip: the wheel is unpacked as an installer does it. Then other
    projects come whose packages are called as ours are.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(home), "platbase": str(home)})
    site, programs = Path(paths["purelib"]), Path(paths["scripts"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    compileall.compile_dir(site, quiet=1)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (entry_points,) = site.glob("carnet-*.dist-info/entry_points.txt")
    parser = configparser.ConfigParser()
    parser.read(entry_points)
    module, _, function = parser["console_scripts"]["carnet"].partition(":")
    script = programs / "carnet"
    script.write_text(
        f"#!{programs / 'python'}\nimport sys\nfrom {module} import {function}\n"
        f"sys.exit({function}())\n"
    )
    script.chmod(0o755)
    write_foreign(site, IN_SITE_PACKAGES)
    return programs


@pytest.fixture
def folder(tmp_path):
    """A folder to work in, with files of the person who works there."""
    write_foreign(tmp_path, IN_THE_FOLDER)
    return tmp_path


def test_everything_is_below_one_name(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"carnet"}
    assert len(tops) == 2
    packed = {name.split("/")[2] for name in names if name.startswith("carnet/_packages/")}
    assert packed == {*PACKAGES} - {"carnet"}


def test_all_that_belongs_to_the_packages_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {
            name.replace("/_packages", "").removeprefix("carnet/") for name in archive.namelist()
        }
    ours = {
        str(path.relative_to(ROOT)).removeprefix("carnet/")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert ours == {name for name in names if ".dist-info/" not in name}
    assert any(name.endswith(".sql") for name in ours)


def test_the_list_of_packages_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    target = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*target["packages"]} == {*PACKAGES}
    assert target["sources"] == {
        name: f"carnet/_packages/{name}" for name in PACKAGES if name != "carnet"
    }


async def test_it_works_in_a_folder_with_modules_of_the_same_names(installed, folder, monkeypatch):
    """A first start, a request, an import by the embedded worker, and the end."""
    monkeypatch.setattr(program, "CARNET", installed / "carnet")
    async with serving(folder, **PLENTY) as server:
        me = await server.client.get("/me")
        assert me.status == 200, me.raw
        trip = {"groupId": me.json["defaultGroupId"], **TRIP}
        path = f"/trips/{(await server.client.post('/trips', trip)).json['_id']}"
        pins = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(300)]
        done = await server.client.post(f"{path}/sync", {"mapPins": pins})
        assert (done.status, done.json["mapPins"]["created"]) == (200, 300)
        assert await server.stop() == 0
        assert not server.events("process_ended")
    assert run(folder, "init").line == "this database is set up already"


def test_the_client_is_a_library_for_who_has_the_wheel(installed, folder):
    (folder / "carnet.py").unlink()
    code = "from carnet.client import CarnetClient; print(CarnetClient.__name__)"
    done = subprocess.run(
        [installed / "python", "-c", code], check=True, cwd=folder, capture_output=True, text=True
    )
    assert done.stdout == "CarnetClient\n"


def test_so_it_does_by_the_interpreter(installed, folder):
    """But for a `carnet.py` in the folder, which Python itself takes for the program."""
    (folder / "carnet.py").unlink()
    done = subprocess.run(
        [installed / "python", "-m", "carnet", "init", "--json"],
        check=True,
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "osk_" in done.stdout


@pytest.mark.timeout(600)
def test_the_tests_of_the_program_pass_with_it(installed):
    """All that start the program in a process of its own, but those that need a Postgres."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/carnet/test_serve.py", "-k", "not every_kind_of_database"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"TEST_CARNET_PROGRAM": str(installed / "carnet")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
