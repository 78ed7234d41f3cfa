"""One server to an SQLite file: a second one, a worker, a restore are refused; commands are not."""

import asyncio
import signal

import pytest

from tests.carnet.program import Outcome, run, serving
from tests.servers import free_port
from tests.waiting import until


async def command(folder, *arguments: str, **variables: str) -> Outcome:
    return await asyncio.to_thread(run, folder, *arguments, **variables)


async def test_a_second_server_is_refused(tmp_path):
    async with serving(tmp_path) as server:
        (tmp_path / "link.db").symlink_to(tmp_path / "data" / "carnet.db")
        for variables in ({}, {"CARNET_STORAGE__URL": "sqlite:///link.db"}):
            refused = await command(
                tmp_path, "serve", CARNET_HTTP__PORT=str(free_port()), **variables
            )
            assert refused.code == 1
            assert "data/carnet.db is in use" in refused.line
        assert (await server.client.get("/me")).status == 200


async def test_what_would_do_its_jobs_or_replace_its_file_is_refused(tmp_path):
    async with serving(tmp_path):
        assert (await command(tmp_path, "backup", "carnet.backup")).code == 0
        for arguments in (["worker"], ["restore", "carnet.backup"]):
            refused = await command(
                tmp_path, *arguments, CARNET_QUEUE__URL=f"redis://127.0.0.1:{free_port()}"
            )
            assert refused.code == 1
            assert "data/carnet.db is in use" in refused.line


async def test_commands_work_beside_it(tmp_path):
    async with serving(tmp_path) as server:
        for arguments in (["key", "list"], ["backup", "carnet.backup"], ["migrate"]):
            assert (await command(tmp_path, *arguments)).code == 0
        assert (await server.client.get("/me")).status == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_the_file_is_free_when_the_server_has_ended(tmp_path, how):
    async with serving(tmp_path) as server:
        server.process.send_signal(how)
        await server.process.wait()

        async def serves_again() -> bool:
            # A worker that has lost its server ends by itself.
            async with serving(tmp_path) as second:
                return second.process.returncode is None

        assert await until(serves_again)
