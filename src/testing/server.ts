import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { readConnection } from "../inventory/connection.ts";
import { databaseUrl } from "../inventory/connection-url.ts";
import { type Database, openDatabase } from "../inventory/database.ts";
import { type Account, chooseAccount, giveTo } from "../inventory/server-account.ts";
import { findServerPackage, prepareBinaries } from "../inventory/server-binaries.ts";
import { readPostmaster } from "../inventory/server-postmaster.ts";
import { temporaryFolder } from "./folder.ts";

/** A PostgreSQL server as users have one: reached by TCP, with passwords; and it can be made to go away. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** For files that shall go away with it. */
  readonly folder: string;
  /** Without a password. @param parameters As they stand in a URL: "sslmode=require". */
  url(user: string, database: string, parameters?: string): string;
  /** As its administrator. */
  open(database?: string): Promise<Database>;
  /** Runs statements as its administrator. */
  execute(text: string, database?: string): Promise<void>;
  /**
   * Makes NAME.crt, which is its own authority, and NAME.key in the folder.
   *
   * @param hosts Whom it is for: "DNS:localhost,IP:127.0.0.1".
   * @returns Their paths.
   */
  certificate(name: string, hosts: string): Promise<{ readonly crt: string; readonly key: string }>;
  start(): Promise<void>;
  /** As an update of the system does: connections are ended, with a word. */
  stop(): Promise<void>;
  /** As a power cut does: all its processes at once. */
  kill(): Promise<void>;
}

const administrator = { user: "postgres", password: "known-to-tests-only" };

/** Why there can be none here; false if there can. */
export const noTestServer = process.platform === "linux" ? false : "no /proc to find a server's processes in";

/** Why there can be no certificates; false if there can. */
export const noCertificates =
  noTestServer || (spawnSync("openssl", ["version"]).status === 0 ? false : "no openssl to make certificates with");

/** 1.5 s; under another account where we are root. It ends with the process that started it, too. */
export async function startTestServer(): Promise<TestServer> {
  const folder = await temporaryFolder();
  try {
    const server = await LocalServer.make(folder.path, async () => await folder[Symbol.asyncDispose]());
    await server.start();
    return server;
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

class LocalServer implements TestServer {
  readonly port: number;
  readonly folder: string;
  readonly #data: string;
  readonly #command: readonly string[];
  readonly #account: Account;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #remove: () => Promise<void>;
  #running: ChildProcess | null = null;

  private constructor(folder: string, remove: () => Promise<void>, made: Made) {
    this.folder = folder;
    this.port = made.port;
    this.#data = join(folder, "data");
    this.#remove = remove;
    this.#account = made.account;
    this.#environment = made.environment;
    const settings = Object.entries({ ...serverSettings, port: made.port });
    const withUs = dieWithUs() ? ["setpriv", "--pdeathsig", "INT", "--"] : [];
    this.#command = [
      ...made.account.prefix,
      ...withUs,
      made.postgres,
      "-D",
      this.#data,
      ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
  }

  static async make(folder: string, remove: () => Promise<void>): Promise<LocalServer> {
    const { initdb, postgres, libraries } = await prepareBinaries(findServerPackage(), join(folder, "lib"));
    const links = libraries === null ? {} : { LD_LIBRARY_PATH: libraries };
    const environment = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC", ...links };
    const data = join(folder, "data");
    const account = await chooseAccount(data, [postgres, "--version"], environment);
    const passwordFile = join(folder, "password");
    await mkdir(data, { mode: 0o700 });
    await writeFile(passwordFile, administrator.password);
    // Another account's server passes through here, to what is its own.
    await giveTo(account, folder);
    const login = [`--username=${administrator.user}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const locale = ["--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync"];
    const [program = "", ...args] = [...account.prefix, initdb, "--pgdata", data, ...login, ...locale];
    await promisify(execFile)(program, args, { ...account.spawn, env: environment, cwd: "/" });
    return new LocalServer(folder, remove, { account, environment, postgres, port: await freePort() });
  }

  url(user: string, database: string, parameters = ""): string {
    const url = databaseUrl({ host: "127.0.0.1", port: this.port, user, database });
    return parameters === "" ? url : `${url}?${parameters}`;
  }

  async open(database = "postgres"): Promise<Database> {
    const login = { PGPASSWORD: administrator.password };
    return openDatabase(await readConnection(this.url(administrator.user, database, "sslmode=disable"), login));
  }

  async execute(text: string, database?: string): Promise<void> {
    await using opened = await this.open(database);
    await opened.query({ text, values: [] });
  }

  async certificate(name: string, hosts: string): Promise<{ readonly crt: string; readonly key: string }> {
    const [crt, key] = [join(this.folder, `${name}.crt`), join(this.folder, `${name}.key`)];
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${hosts}`];
    const made = ["-keyout", key, "-out", crt, "-days", "2", "-nodes", "-newkey", "rsa:2048"];
    await promisify(execFile)("openssl", ["req", "-x509", ...made, ...subject]);
    const { owner } = this.#account;
    if (owner !== null) await chown(key, owner.uid, owner.gid);
    return { crt, key };
  }

  async start(): Promise<void> {
    await using log = await open(join(this.folder, "log"), "a");
    const [program = "", ...args] = this.#command;
    const child = spawn(program, args, {
      ...this.#account.spawn,
      env: this.#environment,
      cwd: "/",
      stdio: ["ignore", log.fd, log.fd],
    });
    // A test file that failed early must not be kept from ending.
    child.unref();
    this.#running = child;
    for (;;) {
      if (child.pid === undefined || child.exitCode !== null)
        throw new Error(await readFile(join(this.folder, "log"), "utf8"));
      const postmaster = await readPostmaster(this.#data);
      if (postmaster?.pid === child.pid && postmaster?.ready) return;
      await delay(5);
    }
  }

  async stop(): Promise<void> {
    await this.#end((child) => child.kill("SIGINT"));
  }

  async kill(): Promise<void> {
    await this.#end(async (child) => {
      // Stopped, it cannot tell those who are connected that others of its processes have died.
      child.kill("SIGSTOP");
      for (const pid of await childrenOf(child.pid ?? 0)) process.kill(pid, "SIGKILL");
      child.kill("SIGKILL");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#remove();
  }

  async #end(how: (child: ChildProcess) => unknown): Promise<void> {
    const child = this.#running;
    this.#running = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exited = once(child, "exit");
    await how(child);
    await exited;
  }
}

interface Made {
  readonly account: Account;
  readonly environment: NodeJS.ProcessEnv;
  readonly postgres: string;
  readonly port: number;
}

const serverSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 60,
  shared_buffers: "32MB",
  // In the data folder, so that nothing of a killed server stays.
  dynamic_shared_memory_type: "mmap",
  // Enough against kill -9; only a power cut of the machine would need more.
  fsync: "off",
  full_page_writes: "off",
};

/** Whether a program can be made to end when we end, however we end. */
function dieWithUs(): boolean {
  return spawnSync("setpriv", ["--pdeathsig", "keep", "true"]).status === 0;
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isSafeInteger);
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      // PID (NAME) STATE PARENT …, where the name may hold anything.
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    }),
  );
  return pids.filter((_, n) => parents[n] === parent);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return address.port;
}
