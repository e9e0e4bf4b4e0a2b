import { readdir, readFile } from "node:fs/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { readJournal } from "../archive/read-journal.ts";
import { sql } from "../inventory/database.ts";
import { systemCode } from "../model/errors.ts";
import { joinPath, type PathText, pathText, systemPath } from "../model/path.ts";
import type { Household } from "./household.ts";

/** What the database or a journal calls done, and is not in the archive with the right bytes; a sentence each. */
export async function recordedButLost(home: Household): Promise<string[]> {
  const lost: string[] = [];
  for (const { by, path, hash } of [...(await entries(home)), ...(await journaled(home))]) {
    const found = await hashAt(joinPath(home.path("archive"), path));
    if (found !== hash) lost.push(`${by} has ${path} as ${hash.slice(0, 8)}, the disk ${found?.slice(0, 8)}`);
  }
  return lost;
}

/** Files of the archive, but for `.onefold`, whose bytes are none that a user ever wrote. */
export async function spoiled(home: Household, seen: ReadonlySet<string>): Promise<string[]> {
  const wrong: string[] = [];
  for await (const path of filesBelow(home.path("archive"))) {
    const hash = await hashAt(path);
    if (hash !== null && !seen.has(hash)) wrong.push(path);
  }
  return wrong;
}

interface Recorded {
  readonly by: string;
  readonly path: PathText;
  readonly hash: string;
}

async function entries(home: Household): Promise<Recorded[]> {
  const rows = await home.database.query<{ hash: string; folder: PathText; name: PathText }>(sql`
    select encode(entry.hash, 'hex') as hash, folder.path as folder, file.name
    from entry join file on file.id = entry.file_id join folder on folder.id = file.folder_id
    where file.gone_at is null
  `);
  return rows.map(({ hash, folder, name }) => ({ by: "the database", path: joinPath(folder, name), hash }));
}

async function journaled(home: Household): Promise<Recorded[]> {
  const folder = home.path("archive/.onefold/journal");
  const names = await readdir(folder).catch(nothingThere);
  const recorded: Recorded[] = [];
  for (const name of names.sort()) {
    for await (const record of readJournal(joinPath(folder, name))) {
      if (record.do !== "done") continue;
      for (const { to, hash, outcome } of record.results) {
        const isThere = ["copied", "linked", "alreadyThere", "relinked", "alreadyLinked"].includes(outcome);
        if (isThere && to !== undefined && hash !== undefined) recorded.push({ by: `journal ${name}`, path: to, hash });
      }
    }
  }
  return recorded;
}

async function* filesBelow(folder: PathText): AsyncGenerator<PathText, void, undefined> {
  for (const entry of await readdir(systemPath(folder), { withFileTypes: true, encoding: "buffer" })) {
    const name = pathText(entry.name);
    if (entry.isDirectory() && name !== ".onefold") yield* filesBelow(joinPath(folder, name));
    else if (entry.isFile()) yield joinPath(folder, name);
  }
}

async function hashAt(path: PathText): Promise<string | null> {
  const bytes = await readFile(systemPath(path)).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  });
  return bytes === null ? null : blake3(bytes).toString("hex");
}

function nothingThere(error: unknown): string[] {
  if (systemCode(error) === "ENOENT") return [];
  throw error;
}
