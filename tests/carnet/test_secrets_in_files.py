"""Settings of the program as a person sees them: secrets in files, and all that is wrong."""

from pathlib import Path

from tests.carnet.program import serving
from tests.faults.production import children

PASSWORD = b"hunter2"


def seen(pid: int) -> bytes:
    """What the machine tells of a process: its command line and its environment."""
    process = Path("/proc") / str(pid)
    return (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


async def test_a_secret_in_a_file_is_in_no_environment_and_no_command_line(tmp_path):
    secret = tmp_path / "mail"
    secret.write_bytes(b"smtps://carnet:" + PASSWORD + b"@mail.example.org:465\n")
    variables = {
        "CARNET_MAIL__URL_FILE": str(secret),
        "CARNET_MAIL__SENDER": "carnet@example.org",
    }
    async with serving(tmp_path, **variables) as server:
        parent = server.process.pid
        processes = [seen(pid) for pid in (parent, *children(parent))]
        assert len(processes) > 1
        assert b"CARNET_MAIL__URL_FILE" in processes[0]
        assert PASSWORD not in b"".join(processes)
        assert await server.stop() == 0
        assert PASSWORD.decode() not in "\n".join(server.out.all + server.err.all)


def test_all_wrong_settings_are_told_at_once_each_in_a_line(carnet):
    (carnet.folder / "config.toml").write_text('log.level = "INFO"\nimports.max_items = "10k"\n')
    refused = carnet("serve", CARNET_HTTP__PORT="80 80", CARNET_HTTP_PORT="80")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines() == [
        "carnet: CARNET_HTTP_PORT: there is no such setting; did you mean CARNET_HTTP__PORT?",
        "carnet: log.level: must be debug, info, warning or error",
        "carnet: imports.max_items: must be a whole number from 1 to 1,000,000,000",
        "carnet: http.port: must be a port from 0 (any) to 65535 (from CARNET_HTTP__PORT)",
    ]
    assert not carnet.database.exists()
