import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Environment } from "./connection.ts";
import { databaseUrl } from "./connection-url.ts";
import type { DatabaseConfig } from "./database.ts";
import { readLockHolder } from "./process-lock.ts";
import { findServerPackage } from "./server-binaries.ts";
import { findSocketFolder, makeServerFolder, type ServerFolder, serverFolder, serverPort } from "./server-folder.ts";
import { serverDatabase, serverUser } from "./server-names.ts";
import { connectToSupervisor, fromPlain, messageFrom, ownedElsewhere } from "./supervisor-link.ts";

/** The embedded server, running for as long as this is not disposed of or another command uses it. */
export interface EmbeddedServer extends AsyncDisposable {
  /** For psql and other programs: `postgres://…?host=FOLDER`. */
  readonly url: string;
  readonly config: DatabaseConfig;
}

const pollMs = 4;
/** What the supervisor needs: it only waits. 6 MB of its own, the rest it shares with every node. */
const supervisorFlags = ["--max-semi-space-size=1", "--max-old-space-size=32", "--v8-pool-size=1"];

/**
 * Starts PostgreSQL below the state folder, or joins the commands that use it.
 *
 * About 0.1 s if none runs, 1 s the first time. The server stops when the last
 * user is disposed of or dies, however it dies; disposing of the last one waits
 * until it has stopped. Should its supervisor be killed meanwhile, we get a new one.
 *
 * @param packageFolder With PostgreSQL's programs.
 * @param meanwhile Called once the server is about to start, if it has to.
 * @throws AppError STATE_NOT_WRITABLE, STATE_PATH_TOO_LONG, DATABASE_DISK_FULL, DATABASE_START_FAILED,
 *   DATABASE_IN_USE_ELSEWHERE, DATABASE_NOT_EMBEDDED
 */
export async function openEmbedded(
  stateFolder: string,
  environment: Environment,
  {
    packageFolder = findServerPackage(),
    meanwhile = () => {},
  }: { readonly packageFolder?: string; readonly meanwhile?: () => void } = {},
): Promise<EmbeddedServer> {
  const folder = serverFolder(join(resolve(stateFolder), "postgres"));
  await makeServerFolder(folder);
  const link = new SupervisorLink(folder, () => {
    const supervisor = startSupervisor(folder, packageFolder, environment);
    meanwhile();
    return supervisor;
  });
  await link.attach();
  const sockets = await findSocketFolder(folder);
  if (sockets === null) throw startFailed(folder, "its socket has gone");
  return { ...addressOf(sockets), [Symbol.asyncDispose]: () => link.leave() };
}

function addressOf(sockets: string): { url: string; config: DatabaseConfig } {
  // The port is said, too, since psql would take it from PGPORT.
  const where = { host: sockets, port: serverPort, user: serverUser, database: serverDatabase };
  const url = databaseUrl(where);
  const client = {
    ...where,
    // Never asked for; said, since the driver would look for one in the environment.
    password: () => "",
    ssl: false,
    sslnegotiation: "postgres" as const,
    client_encoding: "utf8",
  };
  return { url, config: { url, client } };
}

/** Our connection to the supervisor, by which it knows that we are here. */
class SupervisorLink {
  readonly #folder: ServerFolder;
  readonly #start: () => ChildProcess;
  #socket: Socket | null = null;
  #leaving = false;

  constructor(folder: ServerFolder, start: () => ChildProcess) {
    this.#folder = folder;
    this.#start = start;
  }

  /** Returns when the server takes connections. */
  async attach(): Promise<void> {
    let supervisor: ChildProcess | null = null;
    for (let killed = 0; !this.#leaving; ) {
      const socket = await connectToSupervisor(this.#folder);
      if (socket !== null) {
        // Null: it was just stopping.
        const message = await messageFrom(socket);
        if (message !== null && "ready" in message) return this.#keep(socket);
        socket.destroy();
        if (message !== null) throw fromPlain(message.failed);
      }
      if (supervisor === null || hasEnded(supervisor)) {
        const again =
          supervisor === null || supervisor.exitCode === 0 || (supervisor.signalCode !== null && ++killed < 3);
        if (supervisor !== null && !again) throw await supervisorFailed(this.#folder, supervisor);
        supervisor = this.#start();
      }
      await delay(pollMs);
    }
  }

  /** Lets the server go; if we are the last, waits until it has stopped. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const socket = this.#socket;
    if (socket === null || socket.destroyed) return;
    socket.ref();
    await new Promise<void>((resolve) => void socket.once("close", () => resolve()).end());
  }

  #keep(socket: Socket): void {
    this.#socket = socket;
    // To hold the server must not hold the program.
    socket.unref();
    socket.once("close", () => {
      this.#socket = null;
      // Killed, it or the server. Without success the next statement fails, and says why.
      if (!this.#leaving) void this.attach().catch(() => undefined);
    });
  }
}

/** In a session of its own: Ctrl-C in the terminal is for the commands, which still need the server to end well. */
function startSupervisor(folder: ServerFolder, packageFolder: string, environment: Environment): ChildProcess {
  const entry = fileURLToPath(new URL("./server-supervisor.js", import.meta.url));
  const passed = ["PATH", "XDG_RUNTIME_DIR", "TMPDIR"].map((name) => [name, environment[name]] as const);
  const child = spawn(process.execPath, [...supervisorFlags, entry, folder.root, packageFolder], {
    detached: true,
    stdio: "ignore",
    cwd: "/",
    env: Object.fromEntries(passed.filter(([, value]) => value !== undefined)),
  });
  child.on("error", () => undefined);
  child.unref();
  return child;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function supervisorFailed(folder: ServerFolder, supervisor: ChildProcess): Promise<AppError> {
  if (supervisor.exitCode !== ownedElsewhere) {
    return startFailed(folder, `its supervisor ended with ${supervisor.exitCode ?? supervisor.signalCode}`);
  }
  const holder = await readLockHolder(folder.lock);
  const who = `process ${holder?.pid ?? "?"} on ${holder?.host ?? "?"}`;
  return new AppError("DATABASE_IN_USE_ELSEWHERE", ExitCode.unavailable, `${folder.root} is in use by ${who}`, {
    hint: `A container that was killed is forgotten after two minutes. If another host is gone for good, remove ${folder.lock}; one database must never be served twice.`,
  });
}

function startFailed(folder: ServerFolder, reason: string): AppError {
  return new AppError(
    "DATABASE_START_FAILED",
    ExitCode.unavailable,
    `the embedded database does not start: ${reason}`,
    {
      hint: `See ${folder.log}.`,
    },
  );
}
