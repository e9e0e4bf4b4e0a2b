import {
  appendFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { folderOf, joinPath, type PathText, systemPath } from "../model/path.ts";
import type { Chance } from "./chance.ts";
import { filesIn, snapshot } from "./household.ts";
import { type Ended, startOnefold } from "./onefold.ts";
import { brokenPromises } from "./promises.ts";
import { type Disk, layOut } from "./tree.ts";

const sources = ["phone", "laptop", "usb"];
const folders = ["", "DCIM", "Documents", "Documents/tax"];
const names = ["a.txt", "IMG_1.JPG", "IMG_1.CR2", "IMG_1.xmp", "b.txt", "20190714_101500.jpg", "c \\xe9.txt"];
const contents = ["", "one", "two", "beach", "x".repeat(300_000), "y".repeat(1_500_000)];

/**
 * A household that lives: people change their files, and onefold is used, and killed, without any order. Its inventory
 * is the embedded server, which is killed, too. Remembers what it must never lose.
 */
export class Life implements AsyncDisposable {
  readonly sources = sources;
  /** What was done, for whoever must find out what went wrong. */
  readonly diary: string[] = [];
  /** SHA-256 of every content that stood in a source when a run was complete, and where. */
  readonly #memory = new Map<string, string>();
  readonly #disk: Disk;
  readonly #chance: Chance;
  #made = 0;

  private constructor(disk: Disk, chance: Chance) {
    this.#disk = disk;
    this.#chance = chance;
  }

  static async begin(chance: Chance): Promise<Life> {
    const tree = Object.fromEntries(sources.map((name) => [name, { DCIM: {}, Documents: { tax: {} } }]));
    const life = new Life(await layOut({ ...tree, archive: {}, state: {}, home: {} }), chance);
    for (let n = 0; n < 12; n++) await life.#add();
    return life;
  }

  path(name: string): PathText {
    return this.#disk.path(name);
  }

  /** One thing that a person does to a source. */
  async changeSomething(): Promise<void> {
    const files = await this.#files();
    if (files.length < 8 || this.#chance.happens(30)) return this.#add();
    const file = this.#chance.oneOf(files);
    const now = systemPath(file);
    const what = this.#chance.oneOf(["edit", "rename", "remove", "touch", "link"] as const);
    this.#note(`${what} ${file}`);
    const other = systemPath(joinPath(folderOf(file), `${++this.#made}.txt`));
    if (what === "edit") await appendFile(now, ` and ${++this.#made}`);
    else if (what === "rename") await rename(now, other);
    else if (what === "remove") await rm(now);
    else if (what === "link") await link(now, other);
    else await utimes(now, this.#time(), this.#time());
  }

  /** Lets a command of onefold run to its end, unless chance will have it killed. */
  async useOnefold(): Promise<void> {
    const command = this.#chance.oneOf(["run", "run", "run", "scan", "consolidate", "relink", "duplicates", "status"]);
    const isDisturbed = this.#chance.happens(50);
    const running = this.#start([command]);
    if (!isDisturbed) return this.#expect(command, await running.ended, [0, 3]);
    const how = this.#chance.oneOf(["SIGKILL", "SIGINT", "SIGTERM", "server", "everything"] as const);
    const after = this.#chance.number(1_500);
    this.#note(`${command}, and ${how} after ${after} ms`);
    await Promise.race([delay(after), running.ended]);
    if (how === "server" || how === "everything") await this.#killServer();
    if (how !== "server") signalGroup(running.child.pid, how === "everything" ? "SIGKILL" : how);
    const ended = await running.ended;
    // It may have been too fast for us; or we for it, so that it did not yet listen to signals.
    if (ended.signal === null) this.#expect(command, ended, [0, 3, 5, 130, 143]);
  }

  /** Lets a run come to its end, and looks for what is not as it must be: a sentence each. */
  async settle(): Promise<string[]> {
    let accepted: readonly string[] = [];
    for (let tries = 0; ; tries++) {
      const ended = await this.#start(["run", ...accepted]).ended;
      this.#note(`settled with ${ended.status}`);
      // Of a source with few files all may have been removed: its owner says that it is right.
      if (hasShrunk(ended)) accepted = sources.flatMap((name) => ["--accept-shrink", name]);
      if (ended.status === 0) break;
      if (tries === 3) throw new Error(`a calm run ends with ${ended.status}: ${ended.stderr}`);
    }
    for (const source of sources) {
      for (const [path, { content }] of filesIn(await snapshot(this.path(source)))) {
        this.#memory.set(content, `${source}/${path}`);
      }
    }
    const archive = new Set(filesIn(await snapshot(this.path("archive"))).map(([, { content }]) => content));
    const lost = [...this.#memory].filter(([content]) => !archive.has(content));
    return [...lost.map(([, where]) => `what stood at ${where} is lost`), ...(await brokenPromises(this))];
  }

  /** As a power cut may: takes some bytes off the end of the newest journal. */
  async tearJournal(): Promise<void> {
    const journal = await this.#newestJournal();
    if (journal === null) return;
    const { size } = await stat(journal);
    const lost = this.#chance.number(Math.min(size, 2_000));
    this.#note(`${lost} bytes off ${journal}`);
    await truncate(journal, size - lost);
  }

  /** @returns How `history RUN` ended on a journal that is damaged in its middle; it is whole again afterwards. null: there is none */
  async readDamagedJournal(): Promise<Ended | null> {
    const journal = await this.#newestJournal();
    if (journal === null) return null;
    const whole = await readFile(journal);
    const end = whole.lastIndexOf(10, whole.length - 2);
    if (end < 1) return null;
    const damaged = Buffer.from(whole);
    const at = this.#chance.number(end);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await writeFile(journal, damaged);
    const [, run = ""] = /([^/]+)\.jsonl$/.exec(journal) ?? [];
    this.#note(`byte ${at} of ${run} damaged`);
    const ended = await this.#start(["history", run]).ended;
    await writeFile(journal, whole);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#killServer();
    await this.#disk[Symbol.asyncDispose]();
  }

  async #add(): Promise<void> {
    const folder = joinPath(this.path(this.#chance.oneOf(sources)), this.#chance.oneOf(folders));
    const file = joinPath(folder, this.#chance.oneOf(names));
    const content = this.#chance.happens(50) ? this.#chance.oneOf(contents) : `content ${++this.#made}`;
    this.#note(`write ${file}`);
    await mkdir(systemPath(folder), { recursive: true });
    await writeFile(systemPath(file), content);
    if (this.#chance.happens(70)) await utimes(systemPath(file), this.#time(), this.#time());
  }

  /** Seconds: long ago, now, in the future. */
  #time(): number {
    return this.#chance.oneOf([-86_400, 0, 1_563_099_300, Date.now() / 1_000, Date.now() / 1_000 + 500_000_000]);
  }

  #start(args: readonly string[]) {
    const places = [...sources.flatMap((name) => ["--source", `${name}=${this.path(name)}`]), "--archive"];
    const takesNone = ["history", "status", "duplicates"].includes(args[0] ?? "");
    const all = takesNone ? args : [...args, ...places, this.path("archive")];
    const env = { ONEFOLD_STATE: this.path("state"), HOME: this.path("home") };
    return startOnefold(all, { cwd: this.#disk.root, env, detached: true });
  }

  async #files(): Promise<PathText[]> {
    const all = await Promise.all(
      sources.map(async (name) =>
        filesIn(await snapshot(this.path(name))).map(([path]) => joinPath(this.path(name), path)),
      ),
    );
    return all.flat();
  }

  async #newestJournal(): Promise<PathText | null> {
    const folder = this.path("archive/.onefold/journal");
    const newest = (await readdir(folder).catch(() => [])).sort().at(-1);
    return newest === undefined ? null : joinPath(folder, newest);
  }

  /** Every process of the server of this household, and no other. */
  async #killServer(): Promise<void> {
    const state = this.path("state");
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (line.includes(`${state}/`) || line.includes(`${state}\0`)) kill(Number(pid), "SIGKILL");
    }
  }

  #expect(command: string, { status, signal, stderr }: Ended, allowed: readonly number[]): void {
    this.#note(`${command} ended with ${status ?? signal}`);
    const isAllowed = (status !== null && allowed.includes(status)) || hasShrunk({ status, stderr });
    const isFine = isAllowed && !/^\s+at /m.test(stderr);
    if (!isFine) throw new Error(`${command} ended with ${status ?? signal}: ${stderr}`);
  }

  #note(what: string): void {
    this.diary.push(what.replaceAll(`${this.#disk.root}/`, ""));
  }
}

function hasShrunk({ status, stderr }: Pick<Ended, "status" | "stderr">): boolean {
  return status === 4 && /\[SOURCE_SHRANK\]/.test(stderr);
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid !== undefined) kill(-pid, signal);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
