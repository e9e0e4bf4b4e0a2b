/**
 * Entry of the small process that keeps the embedded server: it starts
 * PostgreSQL when the first command comes and stops it when the last has gone.
 *
 * Every command holds one connection to our socket. The kernel closes it
 * however the command ends, so a killed command counts as gone, too. We say one
 * line to each, a `SupervisorMessage`; when all has stopped, we end, and with
 * us the connections.
 *
 * Arguments: the server's folder, the package with its programs.
 */
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, ExitCode } from "../model/errors.ts";
import { whereabouts } from "./process-identity.ts";
import { acquireProcessLock } from "./process-lock.ts";
import {
  makeSocketFolder,
  removeSocketFolder,
  type ServerFolder,
  serverFolder,
  supervisorSocket,
} from "./server-folder.ts";
import { ServerLog } from "./server-log.ts";
import { stopPostmaster } from "./server-postmaster.ts";
import { startServer } from "./server-start.ts";
import { connectToSupervisor, ownedElsewhere, type SupervisorMessage, toPlain } from "./supervisor-link.ts";

/** A command that was killed before it came must not leave us waiting. */
const firstClientMs = 3_000;
/** A fast shutdown writes out up to 128 MB; slow disks take their time. */
const shutdownMs = 60_000;
const lockPollMs = 10;
/** As long as a predecessor may take; a command that still waits then starts another one of us. */
const lockPatienceMs = 120_000;

async function main([root = "", packageFolder = ""]: readonly string[]): Promise<void> {
  const folder = serverFolder(root);
  await using lock = await waitForLock(folder);
  if (lock === null) return;
  using log = new ServerLog(folder.log);
  try {
    const sockets = await makeSocketFolder(folder, process.env);
    await serve(folder, packageFolder, sockets, log);
    await removeSocketFolder(folder, sockets);
  } catch (error) {
    log.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function serve(folder: ServerFolder, packageFolder: string, sockets: string, log: ServerLog): Promise<void> {
  const commands = new Commands();
  await commands.listen(supervisorSocket(sockets));
  try {
    const searchPath = process.env["PATH"] ?? "";
    await using server = await startServer({ folder, packageFolder, sockets, searchPath, log });
    commands.tell({ ready: true });
    const why = await Promise.race([commands.allGone(), terminated(), server.ended.then(() => "ended")]);
    // First deaf, then stopping: whoever comes now finds nobody and starts anew after us.
    commands.stopListening();
    if (why !== "ended") await stopPostmaster(server.pid, shutdownMs);
  } catch (error) {
    const known = error instanceof AppError ? error : unexpected(error);
    log.write(`${known.message}\n`);
    commands.tell({ failed: toPlain(known) });
    await commands.allGone();
    commands.stopListening();
  }
}

/** The commands that use the server. */
class Commands {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket));
  /** False until the first one came, or it took too long. */
  #expectNoMore = false;
  #message = "";
  #whenAllGone = () => {};

  async listen(path: string): Promise<void> {
    // Left by a supervisor that was killed: we hold the lock.
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(path, resolve);
    });
    setTimeout(() => this.#check(), firstClientMs).unref();
  }

  /** To those who are here and to those who come. */
  tell(message: SupervisorMessage): void {
    this.#message = `${JSON.stringify(message)}\n`;
    for (const socket of this.#sockets) socket.write(this.#message);
  }

  /** Settles when none is here, but for the time before the first one. */
  async allGone(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#whenAllGone = resolve;
    });
    if (this.#expectNoMore) this.#check();
    await gone;
  }

  /** Those who are here stay connected: the end of the connection tells them that all has stopped. */
  stopListening(): void {
    // Also unlinks the socket. Its callback would wait for all connections to end.
    this.#server.close();
  }

  #welcome(socket: Socket): void {
    this.#expectNoMore = true;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    // A command that leaves closes its side only, and waits for ours.
    socket.on("end", () => this.#leave(socket)).on("close", () => this.#leave(socket));
    socket.resume();
    if (this.#message !== "") socket.write(this.#message);
  }

  #leave(socket: Socket): void {
    if (!this.#sockets.delete(socket)) return;
    // The last one is kept waiting until the server has stopped.
    if (this.#sockets.size > 0) socket.end();
    this.#check();
  }

  #check(): void {
    this.#expectNoMore = true;
    if (this.#sockets.size === 0) this.#whenAllGone();
  }
}

/** Waits for a predecessor that is about to stop; null if another supervisor serves, or it takes too long. */
async function waitForLock(folder: ServerFolder): Promise<AsyncDisposable | null> {
  for (let waitedMs = 0; waitedMs < lockPatienceMs; waitedMs += lockPollMs) {
    const lock = await acquireProcessLock(folder.lock, { purpose: "embedded database" });
    if (lock.heldBy === null) return lock;
    const other = await connectToSupervisor(folder);
    other?.destroy();
    if (other !== null) return null;
    if (/elsewhere|container/.test(await whereabouts(lock.heldBy))) process.exit(ownedElsewhere);
    await delay(lockPollMs);
  }
  return null;
}

function terminated(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => resolve());
  });
}

function unexpected(error: unknown): AppError {
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AppError("DATABASE_START_FAILED", ExitCode.unavailable, `the embedded database does not start: ${said}`);
}

await main(process.argv.slice(2));
// The connections end with us.
process.exit();
