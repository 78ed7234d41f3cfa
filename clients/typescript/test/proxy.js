// A way to a server on which things go wrong.
import http from "node:http";

/** Passes requests on; each takes the next of the faults, if there is one. */
export class FaultyProxy {
  /** The requests that came, with their bodies. */
  requests = [];
  /**
   * `before`, `within` and `after`: the connection is cut before the request is passed on, in the
   * middle of the answer, and when all is done but nothing answered; `hang`: nothing comes back; a
   * status with headers and perhaps a body: that is the answer.
   */
  faults = [];
  #target;
  #server = http.createServer((request, response) => void this.#serve(request, response));

  constructor(target) {
    this.#target = new URL(target);
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  /** Cuts all connections. */
  cut() {
    this.#server.closeAllConnections();
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request, response) {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
    }
    const body = Buffer.concat(pieces);
    const { method, url, headers } = request;
    this.requests.push({ method, url, headers, body: body.toString() });
    const fault = this.faults.shift();
    if (fault === "before") {
      request.socket.destroy();
    } else if (typeof fault === "object") {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? "");
    } else if (fault !== "hang") {
      this.#pass(request, body, response, fault);
    }
  }

  #pass({ method, url, headers, socket }, body, response, fault) {
    const { hostname, port } = this.#target;
    const passed = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      if (!fault) {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        return;
      }
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => {
        if (fault === "within") {
          const whole = Buffer.concat(pieces);
          response.writeHead(answer.statusCode, answer.headers);
          response.write(whole.subarray(0, whole.length / 2), () => socket.destroy());
        } else {
          socket.destroy();
        }
      });
    });
    passed.on("error", () => socket.destroy());
    socket.on("close", () => passed.destroy());
    passed.end(body);
  }
}
