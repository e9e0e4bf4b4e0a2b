import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod } from "node:fs/promises";
import { sql } from "../inventory/database.ts";
import { flipBit } from "./bits.ts";
import { filesIn, type Household, household, type Snapped, snapshot } from "./household.ts";
import { documentOf, type ListedProblem, programLine } from "./onefold.ts";
import { fileFrom } from "./tree.ts";

/** What `verify --json` prints. */
export interface Repaired {
  readonly run: string;
  readonly status: string;
  readonly damaged: readonly { readonly entry: string }[];
  readonly missing: readonly { readonly entry: string }[];
  readonly repaired: readonly {
    readonly entry: string;
    readonly from: { readonly source?: string; readonly path: string } | null;
    readonly names: readonly string[];
    readonly kept: string | null;
  }[];
  readonly problems: readonly ListedProblem[];
}

export const letter = "dear aunt".repeat(20_000);
const sources = {
  phone: { "letter.txt": fileFrom(1_500_000_000_123_456_000n, letter), "a.txt": "first" },
  laptop: { docs: { "letter copy.txt": letter } },
};
/** All names of the letter in the archive. */
export const letterNames = ["by-source/laptop/docs/letter copy.txt", "by-source/phone/letter.txt", "files/letter.txt"];

export type Files = ReadonlyMap<string, Snapped>;

/** An archive with a letter that two sources hold, and how it stands. */
export async function archivedLetter(): Promise<{ home: Household; before: Files }> {
  const home = await household(sources);
  await home.run();
  // Else the next scan reads what was written within seconds of its hashing.
  await home.database.query(sql`update file set racy = false`);
  await chmod(home.path("archive/files/letter.txt"), 0o640);
  return { home, before: await filesOf(home) };
}

/** `onefold verify --all`, which must end with `status`. */
export async function verifyAll(home: Household, status: number, ...more: string[]): Promise<Repaired> {
  const ended = await home.onefold(["verify", "--all", "--json", "--archive", home.path("archive"), ...more]);
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<Repaired>(ended);
}

/** The user's files of the archive. */
export async function filesOf(home: Household): Promise<Files> {
  return new Map(filesIn(await snapshot(home.path("archive"))).filter(([path]) => !path.startsWith(".onefold/")));
}

/** What a repair must bring back: everything but inode and ctime. */
export function essence(files: Files): unknown[] {
  return [...files].map(([path, { content, mode, modifiedNs, size }]) => [path, content, mode, modifiedNs, size]);
}

/**
 * Kills a repair at the nth of these system calls in one of its threads, and lets the next one complete it.
 *
 * @returns false if it came to its end before.
 */
export async function killRepair(call: string, nth: number): Promise<boolean> {
  const { home, before } = await archivedLetter();
  await using _home = home;
  await flipBit(home.path("archive/files/letter.txt"));
  const trace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`];
  const inject = ["-e", `inject=${call}:signal=SIGKILL:when=${nth}`];
  const program = programLine(["verify", "--all", "--repair", ...home.places]);
  const { signal, status } = spawnSync("strace", [...trace, ...inject, ...program], {
    env: { ...process.env, ...home.environment },
    stdio: "ignore",
  });
  if (signal === null) assert.equal(status, 0);
  await verifyAll(home, 0, "--repair");
  const after = await filesOf(home);
  assert.deepEqual(essence(after), essence(before));
  assert.equal(new Set(letterNames.map((name) => after.get(name)?.inode)).size, 1);
  assert.deepEqual((await verifyAll(home, 0)).damaged, []);
  const { plan, scan } = await home.run();
  assert.deepEqual([plan.copyFiles, plan.linkFiles, scan.hashedFiles], [0, 0, 0]);
  return signal !== null;
}
