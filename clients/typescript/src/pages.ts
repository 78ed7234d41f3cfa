/** A page of a list. */
interface Page {
  nextCursor: string | null;
}

/** The pages of a list, until there is no further one, or a cursor comes again. */
export async function* pages<P extends Page>(
  read: (cursor: string | undefined) => Promise<P>,
  first?: string,
): AsyncGenerator<P, void, undefined> {
  const seen = new Set<string>();
  let cursor = first;
  do {
    const page = await read(cursor);
    yield page;
    cursor = page.nextCursor ?? undefined;
  } while (cursor && !seen.has(cursor) && seen.add(cursor));
}

/** The rows of all pages. */
export async function* rows<Row>(
  read: (cursor: string | undefined) => Promise<Page & { items: Row[] }>,
  first?: string,
): AsyncGenerator<Row, void, undefined> {
  for await (const page of pages(read, first)) {
    yield* page.items;
  }
}
