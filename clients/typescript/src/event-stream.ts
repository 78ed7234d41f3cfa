// Server-sent events, as WHATWG HTML has them (section 9.2.6). `EventSource` is of no use: it
// sends no Authorization.

/** What stands between two blank lines. */
export interface Block {
  event: string;
  /** Empty where there is none: then it is no event. */
  data: string;
  id?: string;
  /** Milliseconds to wait before coming back. */
  retry?: number;
}

/** The blocks of a stream; `heard` is called for whatever comes, comments too. */
export async function* blocks(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<Block, void, undefined> {
  let block = empty();
  for await (const line of lines(body, heard)) {
    if (line) {
      add(block, line);
    } else {
      yield block;
      block = empty();
    }
  }
}

function empty(): Block {
  return { event: "message", data: "" };
}

/** Takes a line into a block; comments have no name before their colon. */
function add(block: Block, line: string): void {
  const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
  if (name === "event") {
    block.event = value;
  } else if (name === "data") {
    block.data += block.data ? `\n${value}` : value;
  } else if (name === "id") {
    block.id = value;
  } else if (name === "retry" && /^\d+$/.test(value)) {
    block.retry = Number(value);
  }
}

/** The lines of a stream that are whole. */
async function* lines(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    heard();
    // A return at the very end may be half a line break.
    const found = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = found.pop() ?? "";
    yield* found;
  }
}
