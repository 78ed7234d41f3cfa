"""`carnet check`: whether all that is stored fits together."""

import dataclasses

import click

from carnet.console import config_option, json_option, print_json, require_current, run, settings_of
from operations.check import check
from operations.findings import Finding
from runtime.clock import now, unix_ns
from storage.store import Store


@click.command("check")
@config_option
@click.option("--repair", is_flag=True, help="Mend what can be mended with nothing lost.")
@json_option
@click.pass_context
def check_command(context: click.Context, repair: bool, as_json: bool) -> int:
    """Look through the whole database, while it is in use; exit code 1 where something is wrong.

    Each finding is a line: what it is in, which one, what is wrong, and what to do. --repair mends
    counters, the links and places in lists that are taken from documents, leases of jobs that are
    too long, and has the history of a trip begin after what is wrong in it. It changes no document.
    """

    async def look(store: Store) -> list[Finding]:
        return await store.snapshot(lambda tx: check(tx, unix_ns() / 10**9, now()))

    async def work(store: Store) -> tuple[list[Finding], set[int]]:
        await require_current(store)
        found = await look(store)
        repairs = [each.repair for each in found if each.repair is not None]
        if not (repair and repairs):
            return found, set()
        for mend in repairs:
            await store.write(mend)
        # A repair does what it can: whether that was enough is to be seen.
        left = {each.told for each in await look(store)}
        mended = {number for number, each in enumerate(found) if each.told not in left}
        return [
            each if number in mended else dataclasses.replace(each, repair=None)
            for number, each in enumerate(found)
        ], mended

    found, mended = run(settings_of(context), work, create=False)
    if as_json:
        print_json(
            {
                "findings": [
                    {
                        "kind": each.kind,
                        "id": each.id,
                        "what": each.what,
                        "repairable": each.repair is not None,
                        "repaired": number in mended,
                    }
                    for number, each in enumerate(found)
                ]
            }
        )
    else:
        for number, each in enumerate(found):
            click.echo(each.line(repaired=number in mended))
        counted = f"{len(found)} findings, {len(mended)} of them repaired"
        click.echo(counted if found else "all is well")
    return int(len(found) > len(mended))
