"""The .tar.gz and the .deb: what is in them, and that their program starts."""

import re
import subprocess
import tarfile
from importlib.metadata import distribution

import pytest

from ops.binary.contents import needed

pytestmark = pytest.mark.debian


def said(*command) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={})
    return done.stdout


@pytest.fixture(scope="module")
def installed(made, tmp_path_factory):
    """A folder in which the .deb was unpacked."""
    root = tmp_path_factory.mktemp("root")
    (package,) = made.glob("carnet_*.deb")
    said("/usr/bin/dpkg-deb", "-x", package, root)
    return root


VERSION = distribution("carnet").version


def test_the_archive_s_program_starts_where_it_was_unpacked(made, tmp_path):
    (path,) = made.glob("carnet-*-linux-*.tar.gz")
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    (top,) = tmp_path.iterdir()
    assert VERSION in said(top / "carnet", "--version")
    assert "ExecStart=/opt/carnet/carnet serve" in (top / "systemd/carnet.service").read_text()


def test_the_package_s_program_starts(installed):
    assert VERSION in said(installed / "usr/bin/carnet", "--version")


def test_the_package_says_what_it_needs(made):
    (package,) = made.glob("carnet_*.deb")
    told = said("/usr/bin/dpkg-deb", "--field", package)
    floor = re.search(r"glibc ([\d.]+)", (made / "said").read_text())
    assert floor is not None
    assert f"Depends: libc6 (>= {floor[1]})\n" in told
    assert f"Version: {VERSION}\n" in told


def test_the_package_s_units_start_its_program(installed):
    units = {
        path.name: path.read_text() for path in installed.glob("usr/lib/systemd/system/*.service")
    }
    assert set(units) == {"carnet.service", "carnet-server.service", "carnet-worker@.service"}
    for text in units.values():
        assert re.search(r"^ExecStart=/usr/bin/carnet (serve|worker)$", text, re.MULTILINE)
    assert (installed / "etc/carnet/carnet.env").stat().st_mode & 0o777 == 0o600


def test_the_licences_of_all_that_is_in_it_are_there(installed):
    text = (installed / "usr/share/doc/carnet/copyright").read_text()
    for part in needed():
        assert part.name == "carnet" or f"\n{part.name} {part.version} (" in text
    for name in ("Python", "The launcher, of PyInstaller"):
        assert f"\n{name}\n" in text
    assert not list(installed.rglob("*readline*"))


def test_nothing_is_of_this_machine(installed):
    (about,) = installed.rglob("carnet-*.dist-info")
    assert not (about / "direct_url.json").exists()
