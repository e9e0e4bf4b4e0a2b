import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { formatCount } from "../src/model/units.ts";
import type { Command } from "./command.ts";
import type { Truth } from "./tree-plan.ts";

/** Whoever takes part in a race. */
export interface Contender {
  /** As the tables name it: "jdupes -Q". */
  readonly name: string;
  /** "onefold" is judged, "peer" is what it is judged against; "aside" is shown only. */
  readonly role: "onefold" | "peer" | "aside";
  /** What a reader of the table has to know about it. */
  readonly note?: string;
  /** Makes everything ready for one run, untimed. */
  prepare(): Promise<Ready>;
}

/** One run, about to begin. */
export interface Ready extends AsyncDisposable {
  readonly command: Command;
  /** What is wrong with what it did, after it, for the foot of the table. */
  readonly check: Check;
}

export type Check = (truth: Truth) => Promise<readonly string[]>;

/** What somebody has found. */
export interface Found {
  readonly groups: number;
  /** Copies, the first of each group left out. */
  readonly surplus: number;
}

/** For runs after which there is nothing to tidy up. */
export function ready(command: Command, check: Check): Ready {
  return { command, check, [Symbol.asyncDispose]: () => Promise.resolve() };
}

export function differences(found: Found, truth: Truth): readonly string[] {
  if (found.groups === truth.groups && found.surplus === truth.surplus) return [];
  const text = ({ groups, surplus }: Found) => `${formatCount(surplus)} copies in ${formatCount(groups)} groups`;
  return [`found ${text(found)}; there are ${text(truth)}`];
}

/** Each content must be in the archive, once; under how many names does not matter. */
export async function checkArchive(archive: string, truth: Truth): Promise<readonly string[]> {
  const entries = await readdir(archive, { recursive: true, withFileTypes: true });
  const inodes = new Set<number>();
  for (const entry of entries) {
    if (!entry.isFile() || entry.parentPath.startsWith(join(archive, ".onefold"))) continue;
    inodes.add((await lstat(join(entry.parentPath, entry.name))).ino);
  }
  const contents = truth.files - truth.surplus;
  if (inodes.size === contents) return [];
  return [`the archive holds ${formatCount(inodes.size)} files; there are ${formatCount(contents)} contents`];
}
