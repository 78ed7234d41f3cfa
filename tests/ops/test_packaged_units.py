"""The documented settings are read by shells too, and a package that is removed stops all."""

import re
import subprocess
from pathlib import Path

from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent.parent
PRODUCTION = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
SETTINGS = re.search(r"cat > /etc/carnet/carnet\.env\) <<END\n(.*?)^END$", PRODUCTION, re.M | re.S)


def test_a_shell_reads_all_of_a_url(tmp_path):
    """As the documented backup does, by `. carnet.env`."""
    assert SETTINGS is not None
    text = SETTINGS[1].replace("/carnet'", "/carnet?sslmode=require&application_name=x'")
    file = tmp_path / "carnet.env"
    file.write_text(text)
    done = subprocess.run(
        ["/bin/sh", "-c", f'. {file}; printf %s "$CARNET_STORAGE__URL"'],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env={"PASSWORD": "secret"},
    )
    assert done.stdout.endswith("@127.0.0.1/carnet?sslmode=require&application_name=x")


def test_each_url_of_it_is_in_quotes():
    assert SETTINGS is not None
    urls = [line for line in SETTINGS[1].splitlines() if "://" in line]
    assert len(urls) == 3
    for line in urls:
        assert re.fullmatch(r"\w+='[^']+'", line)


def test_a_package_that_is_removed_stops_and_disables_each_unit(tmp_path):
    """By the script itself, where a program of ours stands for systemctl."""
    script = (ROOT / "ops" / "binary" / "debian" / "prerm").read_text(encoding="utf-8")
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\nset -f\necho "$@" >> {tmp_path}/said\n')
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "prerm").write_text(script.replace("/run/systemd/system", str(tmp_path)))
    subprocess.run(
        ["/bin/sh", tmp_path / "prerm", "remove"],
        check=True,
        timeout=PATIENCE,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    said = (tmp_path / "said").read_text()
    for unit in (ROOT / "ops" / "systemd").iterdir():
        assert f"disable {unit.name.removesuffix('.service')}\n" in said
    assert "stop carnet*.socket carnet*.service" in said
