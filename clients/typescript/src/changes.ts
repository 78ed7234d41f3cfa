import type { CarnetClient } from "./client.js";
import { pages } from "./pages.js";
import type { CallOptions, Change } from "./types.js";

export interface ChangesOptions extends CallOptions {
  /** The `rev` that is known: of an export, or of the last time; all there is if not given. */
  since?: number | undefined;
  /** Rows a page. */
  limit?: number | undefined;
}

/** What changed, each row once, and how far that goes. */
export interface Changes extends AsyncGenerator<Change, void, undefined> {
  /** All up to here was given: the `since` of the next time. */
  readonly rev: number;
}

/** What changed in a trip since a revision. `GONE` when that is too old: read the export anew. */
export function changes(
  client: CarnetClient,
  tripId: string,
  { since = 0, ...options }: ChangesOptions,
): Changes {
  let rev = since;

  async function* walk(): AsyncGenerator<Change, void, undefined> {
    let latest = since; // rows of one changeset come together, and may be parted by a page's end
    let present = since;
    for await (const page of pages((cursor) =>
      client.listChanges(tripId, { ...options, since, cursor }),
    )) {
      for (const change of page.items) {
        if (change.rev > latest) {
          rev = latest;
          latest = change.rev;
        }
        yield change;
      }
      present = page.rev;
    }
    rev = present;
  }

  return Object.defineProperty(walk(), "rev", { get: () => rev }) as Changes;
}
