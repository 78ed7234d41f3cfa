"""The files of `ops/` fit the program, and where their own programs are, those accept them."""

import configparser
import importlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from carnet.cli import cli
from runtime.configuration import load_settings
from runtime.setting_names import CLIENT_VARIABLES, FIELDS, setting_of
from runtime.settings import Settings
from server.api import events
from server.events import Pace
from tests.waiting import PATIENCE

yaml: Any = importlib.import_module("yaml")  # it ships no types

ROOT = Path(__file__).parent.parent.parent
OPS = ROOT / "ops"
DOCKERFILE = (OPS / "Dockerfile").read_text(encoding="utf-8")
NGINX = (OPS / "nginx.conf").read_text(encoding="utf-8")
CADDY = (OPS / "Caddyfile").read_text(encoding="utf-8")
UNITS = sorted((OPS / "systemd").glob("*.service"))
DOCS = [ROOT / "docs" / name for name in ("production.md", "scaling.md")]
FILES = [
    *sorted(path for path in OPS.rglob("*") if path.is_file() and path.suffix != ".pyc"),
    *DOCS,
]
COMPOSE: Any = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def named(path: Path) -> Any:
    return pytest.param(path, id=path.name)


EACH_FILE = [named(path) for path in FILES]
EACH_UNIT = [named(path) for path in UNITS]


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def tool(*arguments: str | Path) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", EACH_FILE)
def test_every_variable_is_a_setting(path):
    found = set(re.findall(r"\bCARNET_\w+", path.read_text(encoding="utf-8")))
    assert {name for name in found if setting_of(name)[0] not in FIELDS} <= set(CLIENT_VARIABLES)


@pytest.mark.parametrize("path", [*EACH_FILE, named(ROOT / "README.md")])
def test_every_command_exists(path):
    text = path.read_text(encoding="utf-8")
    found = re.findall(
        r"(?:/bin/carnet|run --rm migrate|^carnet|`carnet|\$ carnet) ([a-z]+)", text, re.M
    )
    assert set(found) <= cli.commands.keys()


@pytest.mark.parametrize("path", EACH_FILE)
def test_nothing_is_of_one_machine_or_secret(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/root/|/home/\w|osk_[A-Za-z0-9]{20}", text)
    assert not re.search(r"PASSWORD[:=]\s*[\"']?\w{8}", text)


def test_the_image_runs_without_privileges():
    last = stages()[-1]
    users = [rest for word, rest in last if word == "USER"]
    assert len(users) == 1
    user, _, group = users[0].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    after = last[last.index(("USER", users[0])) :]
    assert "RUN" not in [word for word, _ in after]


def test_the_image_is_made_in_two_stages_from_the_lock_file():
    build, final = stages()
    assert build[0][1].startswith("python:")
    assert "-slim" in build[0][1]
    assert final[0][1].startswith("python:")
    assert "-slim" in final[0][1]
    installs = [rest for word, rest in build if word == "RUN" and "pip install" in rest]
    assert "--require-hashes" in installs[0]
    assert "-r requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]
    assert not [rest for word, rest in final if "pip" in rest]
    assert [rest for word, rest in final if word == "COPY"] == [
        "--from=build /opt/carnet /opt/carnet"
    ]


def test_what_the_image_is_made_of_is_there_and_not_ignored():
    sources = [
        source for word, rest in stages()[0] if word == "COPY" for source in rest.split()[:-1]
    ]
    assert all((ROOT / source).exists() for source in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(sources)
    ignore = (OPS / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "**"
    assert {line[1:] for line in ignore if line.startswith("!")} == set(sources)


def test_the_image_asks_the_server_how_it_is():
    (check,) = [rest for word, rest in stages()[-1] if word == "HEALTHCHECK"]
    assert json.loads(check.partition("CMD ")[2]) == ["carnet", "healthcheck"]
    variables = dict(re.findall(r"(CARNET_\w+)=(\S+)", DOCKERFILE))
    # A variable would be in the way of the file that a secret is in.
    assert variables.keys() == {
        "CARNET_HTTP__HOST",
        "CARNET_HTTP__PORT",
        "CARNET_LOG__SECRETS_TO",
    }


def test_the_image_keeps_its_database_in_the_volume():
    last = dict(stages()[-1])
    where = Path(last["WORKDIR"]) / Settings().storage.url.removeprefix("sqlite:///")
    assert where.parent == Path(last["VOLUME"])


def test_the_image_keeps_the_first_key_out_of_its_log():
    (file,) = re.findall(r"CARNET_LOG__SECRETS_TO=(\S+)", DOCKERFILE)
    assert Path(file).parent == Path(dict(stages()[-1])["VOLUME"])


def environment(service: str) -> dict[str, str]:
    """A service's settings, with Compose's variables filled in."""
    filled = {}
    for name, value in SERVICES[service]["environment"].items():
        filled[name] = re.sub(r"\$\{\w+:-(.*?)\}", lambda match: match[1], value)
    return filled


@pytest.mark.parametrize("service", ["server-1", "server-2", "worker", "migrate"])
def test_compose_gives_the_program_settings_it_takes(service, tmp_path):
    given = environment(service)
    assert given["CARNET_STORAGE__URL_FILE"] == "/run/secrets/storage_url"
    secret = tmp_path / "storage_url"
    secret.write_text("postgresql://carnet:secret@postgres/carnet\n", encoding="utf-8")
    settings = load_settings(None, given | {"CARNET_STORAGE__URL_FILE": str(secret)})
    assert settings.storage.url == "postgresql://carnet:secret@postgres/carnet"
    assert settings.queue.url == "redis://valkey:6379/0"
    assert settings.http.processes > 1
    assert settings.http.trusted_proxies == 1
    assert all(isinstance(value, str) for value in SERVICES[service]["environment"].values())


def test_an_older_compose_reads_the_file_too():
    """Debian 12 has `docker-compose` 1.29, which refuses a file with any other part."""
    parts = {name for name in COMPOSE if not name.startswith("x-")}
    assert parts <= {"services", "networks", "volumes", "secrets", "configs"}


def test_compose_has_two_of_what_may_die():
    commands = [service.get("command") for service in SERVICES.values()]
    assert commands.count(["serve"]) == 2
    assert SERVICES["worker"]["command"] == ["worker"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert SERVICES["migrate"]["command"] == ["migrate"]
    assert SERVICES["migrate"]["restart"] == "no"


@pytest.mark.parametrize("service", ["server-1", "server-2", "worker"])
def test_compose_starts_the_program_when_what_it_needs_is_ready(service):
    assert SERVICES[service]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
    }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_knows_the_health_of_each_part(service):
    check = SERVICES[service].get("healthcheck")
    if SERVICES[service].get("command") == ["serve"]:
        assert check is None, "the image's own"
    elif service == "migrate":
        assert check == {"disable": True}
    else:
        assert check["test"][0] == "CMD"
    if service == "worker":
        assert check["test"][1:] == ["carnet", "healthcheck", "--worker"]
        assert int(environment(service)["CARNET_METRICS__PORT"])


def test_no_secret_is_in_a_variable_of_compose():
    assert set(COMPOSE["secrets"]) == {"storage_url", "postgres_password"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not name.endswith("PASSWORD")
            assert "@" not in value


def test_compose_keeps_data_in_volumes_and_lets_only_the_proxy_out():
    named_volumes = {
        mount.partition(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", [])
        if not mount.startswith(".")
    }
    assert named_volumes == COMPOSE["volumes"].keys()
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {tuple(service["networks"]) for service in SERVICES.values()} == {
        ("inside",),
        ("inside", "outside"),
    }


@pytest.mark.parametrize("service", ["server-1", "server-2", "worker", "migrate"])
def test_a_container_makes_no_volume_without_a_name(service):
    assert SERVICES[service]["volumes"] == [f"carnet-data:{dict(stages()[-1])['VOLUME']}"]


def test_postgres_is_not_healthy_while_the_image_makes_the_database():
    """Until then it listens on its socket only."""
    check = SERVICES["postgres"]["healthcheck"]["test"]
    assert check[check.index("-h") + 1] == "127.0.0.1"


@pytest.mark.parametrize("service", ["server-1", "server-2", "worker", "migrate"])
def test_compose_leaves_the_program_no_privileges(service):
    given = SERVICES[service]
    assert given["cap_drop"] == ["ALL"]
    assert given["read_only"] is True
    assert given["security_opt"] == ["no-new-privileges:true"]


def test_a_container_has_the_time_its_program_takes_to_stop():
    from carnet.child_process import STOP_SECONDS
    from server.listener import SHUTDOWN_SECONDS
    from workers.loop import DRAIN_SECONDS

    assert STOP_SECONDS > 2 * SHUTDOWN_SECONDS
    assert seconds(SERVICES["server-1"]["stop_grace_period"]) > STOP_SECONDS
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > DRAIN_SECONDS
    for path in UNITS:
        # First the server, then the embedded worker.
        assert int(unit(path)["Service"]["TimeoutStopSec"]) > max(
            2 * SHUTDOWN_SECONDS + STOP_SECONDS, DRAIN_SECONDS
        )


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_postgres_has_connections_for_all():
    from storage.postgres_pool import POOL_SIZE

    limit = int(SERVICES["postgres"]["command"][-1].partition("=")[2])
    children = 2 * int(environment("server-1")["CARNET_HTTP__PROCESSES"])
    parents, workers = 2, SERVICES["worker"]["deploy"]["replicas"]
    # A parent and a worker keep a store open too.
    assert (children + parents + workers) * 2 * POOL_SIZE <= limit


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of options keep their case
    parser.read(path, encoding="utf-8")
    return parser


@pytest.mark.parametrize("path", EACH_UNIT)
def test_units_are_hardened(path):
    service = unit(path)["Service"]
    for option, value in {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "Restart": "always",
        "RestartPreventExitStatus": "2",
        "UMask": "0077",
    }.items():
        assert service[option] == value, option
    assert service["ExecStart"].startswith("/opt/carnet/.venv/bin/carnet ")
    # systemd's own limit, five starts in ten seconds, would leave it failed for good.
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"


def test_units_are_the_two_set_ups():
    found = {path.name: unit(path)["Service"] for path in UNITS}
    assert set(found) == {"carnet.service", "carnet-server.service", "carnet-worker@.service"}
    assert found["carnet.service"]["StateDirectory"] == "carnet"
    text = (OPS / "systemd" / "carnet.service").read_text(encoding="utf-8")
    assert "CARNET_STORAGE__URL=sqlite:////var/lib/carnet/" in text
    # SIGHUP would end a server that is one process.
    assert "ExecReload" not in found["carnet.service"]
    assert found["carnet-server.service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"
    server = (OPS / "systemd" / "carnet-server.service").read_text(encoding="utf-8")
    assert "CARNET_HTTP__PROCESSES=2" in server
    assert found["carnet-worker@.service"]["ExecStart"].endswith("carnet worker")


def test_units_that_may_share_a_machine_have_settings_of_their_own():
    """Such as the port of metrics: %N is the unit's name, carnet-worker@1."""
    for name in ("carnet-server.service", "carnet-worker@.service"):
        text = (OPS / "systemd" / name).read_text(encoding="utf-8")
        # The later file is stronger.
        assert re.findall(r"^EnvironmentFile=(.*)$", text, re.M) == [
            "/etc/carnet/carnet.env",
            "-/etc/carnet/%N.env",
        ]


@pytest.mark.parametrize(
    ("status", "stopped"),
    [("2", ["--no-block stop x.socket\n"]), ("1", []), ("0", []), ("INT", [])],
)
@pytest.mark.parametrize("name", ["carnet.service", "carnet-server.service"])
def test_a_wrong_setting_stops_the_socket_of_a_service(tmp_path, name, status, stopped):
    """Or a connection that waits would start it again and again. A service without one has no such
    unit: nothing more is said of it, or goes wrong."""
    after = unit(OPS / "systemd" / name)["Service"]["ExecStopPost"]
    assert after.startswith("+"), "by root"
    (tmp_path / "systemctl").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/said\necho not loaded >&2\nexit 5\n'
    )
    (tmp_path / "systemctl").chmod(0o755)
    done = subprocess.run(
        shlex.split(after[1:].replace("%N", "x").replace("$$", "$")),
        capture_output=True,
        check=True,
        timeout=PATIENCE,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "EXIT_STATUS": status},
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    said = tmp_path / "said"
    assert (said.read_text().splitlines(keepends=True) if said.exists() else []) == stopped


def test_who_starts_a_service_starts_its_socket():
    """Without it the server, which may not write to /run, would listen there itself."""
    socket = unit(OPS / "systemd" / "carnet.socket")
    assert socket["Install"]["WantedBy"].split() == ["sockets.target", "%N.service"]
    # It waits for its database, by starting each second, for as long as that takes.
    assert "TriggerLimitBurst" not in socket["Socket"]


def test_proxies_let_through_what_carnet_takes():
    most = Settings().http.max_body_bytes
    (nginx,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    (caddy,) = re.findall(r"max_size (\d+)MiB", CADDY)
    assert int(nginx) == int(caddy) == most // 2**20 + 1


def test_proxies_wait_longer_than_a_request_does():
    waits = Settings().imports.wait_seconds
    (nginx,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)
    (caddy,) = re.findall(r"response_header_timeout (\d+)s", CADDY)
    assert min(int(nginx), int(caddy)) > waits


def test_proxies_let_event_streams_through():
    (nginx,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)
    assert int(nginx) >= 3 * Pace().comment
    assert events.HEADERS["X-Accel-Buffering"] == "no"
    settings = re.sub(r"#.*", "", f"{NGINX}\n{CADDY}")
    for spoils in ("proxy_ignore_headers", "read_timeout 7", "flush_interval", "encode"):
        assert spoils not in settings.replace("proxy_read_timeout", "")
    # Its own connection to a server each, with nothing that ends it after a while.
    for ends in ("send_timeout", "stream_timeout", "write_timeout", "idle_timeout"):
        assert ends not in settings


def test_nginx_passes_on_the_client_and_repeats_no_write():
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in NGINX
    assert "proxy_pass http://carnet;" in NGINX
    assert "proxy_next_upstream error;" in NGINX
    assert "non_idempotent" not in NGINX.partition("proxy_next_upstream")[2].partition(";")[0]
    # One broken connection must not take a server out of service, nor a kept one lose a POST.
    assert "keepalive" not in NGINX
    assert "keepalive off" in CADDY
    assert re.findall(r"server [\d.:]+ max_fails=(\d)", NGINX) == ["0", "0"]
    assert "gzip off;" in NGINX


@pytest.mark.parametrize("text", [NGINX, CADDY], ids=["nginx", "caddy"])
def test_what_proxies_refuse_themselves_has_the_envelope(text):
    bodies = re.findall(r"[`']({\"error\".*?}})[`']", text)
    codes = {msgspec.json.decode(body)["error"]["code"] for body in bodies}
    assert codes == {"PAYLOAD_TOO_LARGE", "UNAVAILABLE"}


# --- with the programs themselves, where they are --------------------------------------------


@pytest.mark.debian
def test_nginx_takes_the_file(tmp_path):
    site = tmp_path / "carnet.conf"
    site.write_text(
        re.sub(r"listen .*80;", "listen 127.0.0.1:8000;", NGINX, count=1).replace(
            "    listen [::]:80;\n", ""
        )
    )
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\n"
        f"http {{ access_log off; include {site}; }}\n"
    )
    assert "test is successful" in tool("/usr/sbin/nginx", "-t", "-c", main)


def test_caddy_takes_the_file():
    adapted = tool(
        Path(sys.executable).with_name("caddy"),
        "adapt",
        "--config",
        OPS / "Caddyfile",
        "--adapter",
        "caddyfile",
    )
    assert "127.0.0.1:8081" in adapted
    assert "127.0.0.1:8082" in adapted


@pytest.mark.debian
@pytest.mark.parametrize("path", EACH_UNIT)
def test_systemd_takes_the_units(path, tmp_path):
    copy = tmp_path / path.name.replace("@", "@1")
    text = path.read_text(encoding="utf-8")
    copy.write_text(text.replace("/opt/carnet/.venv/bin/carnet", sys.executable))
    assert tool("systemd-analyze", "verify", copy) == ""
    assert "OK" in tool(
        "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", copy
    )
