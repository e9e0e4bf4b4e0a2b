import type { Duplex } from "node:stream";
import type pg from "pg";

/** "text": lines; "binary": rows as `CopyRows` writes them. */
export type CopyFormat = "text" | "binary";

/** Signature, no flags, no extension of the header; and the end: a row of -1 columns. */
const binaryBegin = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const binaryEnd = Buffer.of(0xff, 0xff);
const binaryNothing = Buffer.concat([binaryBegin, binaryEnd]);

/**
 * One `copy … from stdin` on its way. Written here since pg-copy-streams 7 ends
 * the process (a TypeError in a callback of its own) when the connection is
 * lost, or a row refused, while chunks wait.
 */
export class Copy {
  /** Null when the server has refused; nothing more is to be sent then. */
  readonly #wire: Promise<Duplex | null>;
  readonly #ended: Promise<number>;
  readonly #format: CopyFormat;
  #begun = false;
  #refused = false;

  /** @param target Program text: table and columns. */
  constructor(client: pg.ClientBase, target: string, format: CopyFormat) {
    this.#format = format;
    const events = new CopyEvents(`copy ${target} from stdin${format === "binary" ? " (format binary)" : ""}`);
    this.#ended = events.ended;
    this.#wire = Promise.race([events.started, this.#failure()]);
    client.query(events);
  }

  /** Returns when there is room for more; false if the server has refused already: then {@link finish} says why. */
  async write(chunk: Uint8Array): Promise<boolean> {
    const wire = await this.#wire;
    if (wire === null || this.#refused) return false;
    if (this.#format === "binary" && !this.#begun) wire.write(message("d", binaryBegin));
    this.#begun = true;
    if (!wire.write(message("d", chunk))) await this.#drained(wire);
    return !this.#refused;
  }

  /** Returns the number of rows; throws what the server or the driver said. */
  async finish(): Promise<number> {
    const wire = await this.#wire;
    if (wire !== null && !this.#refused) {
      if (this.#format === "binary") wire.write(message("d", this.#begun ? binaryEnd : binaryNothing));
      wire.write(message("c", Buffer.alloc(0)));
    }
    return this.#ended;
  }

  /** The server takes back what came so far. */
  async abort(): Promise<void> {
    const wire = await this.#wire;
    if (wire !== null && !this.#refused) wire.write(message("f", Buffer.from("what gave the rows failed\0")));
    await this.#failure();
  }

  async #failure(): Promise<null> {
    try {
      await this.#ended;
    } catch {
      // finish() throws it.
      this.#refused = true;
    }
    return null;
  }

  async #drained(wire: Duplex): Promise<void> {
    let onDrain = () => {};
    const drained = new Promise<void>((resolve) => {
      onDrain = resolve;
    });
    wire.once("drain", onDrain);
    await Promise.race([drained, this.#ended.catch(() => undefined)]);
    wire.off("drain", onDrain);
  }
}

/** What the driver tells a statement that it sends for us; the names of the methods are the driver's. */
class CopyEvents {
  readonly started: Promise<Duplex>;
  /** The number of rows. */
  readonly ended: Promise<number>;
  readonly #text: string;
  #rows = 0;
  #start: (wire: Duplex) => void = () => {};
  #end: (rows: number) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(text: string) {
    this.#text = text;
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: pg.Connection): void {
    this.#start(connection.stream);
  }

  /** The server's "COPY 1234". */
  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#end(this.#rows);
  }

  handleError(error: unknown): void {
    this.#fail(error);
  }
}

/** A message of PostgreSQL's protocol: its letter, its length with these four bytes, its content. */
function message(letter: string, content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + content.length);
  bytes.write(letter, "latin1");
  bytes.writeUInt32BE(4 + content.length, 1);
  bytes.set(content, 5);
  return bytes;
}
