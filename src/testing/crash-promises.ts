import { readdir, readFile } from "node:fs/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { readJournal } from "../archive/read-journal.ts";
import { sql } from "../inventory/database.ts";
import { systemCode } from "../model/errors.ts";
import { joinPath, type PathText, pathText, systemPath } from "../model/path.ts";
import type { Household } from "./household.ts";

/**
 * What the database or a journal calls done, and is not in the archive with the right bytes; and what the database has
 * from a run whose journal does not say so. A sentence each.
 */
export async function recordedButLost(home: Household): Promise<string[]> {
  const journals = await journaled(home);
  const known = await entries(home);
  const told = new Set(journals.map(({ by, path }) => `${by} ${path}`));
  const untold = known.filter(({ run, path }) => run !== null && !told.has(`journal ${run}.jsonl ${path}`));
  const lost = untold.map(({ path, run }) => `the database has ${path} from ${run}, whose journal does not`);
  for (const { by, path, hash } of [...known, ...journals]) {
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

async function entries(home: Household): Promise<(Recorded & { readonly run: string | null })[]> {
  const rows = await home.database.query<{ hash: string; folder: PathText; name: PathText; run: string | null }>(sql`
    select encode(entry.hash, 'hex') as hash, folder.path as folder, file.name, entry.run_id as run
    from entry join file on file.id = entry.file_id join folder on folder.id = file.folder_id
    where file.gone_at is null
  `);
  return rows.map(({ hash, folder, name, run }) => ({
    by: "the database",
    path: joinPath(folder, name),
    hash,
    run,
  }));
}

async function journaled(home: Household): Promise<Recorded[]> {
  const folder = home.path("archive/.onefold/journal");
  const names = await readdir(folder).catch(nothingThere);
  const recorded: Recorded[] = [];
  for (const name of names.sort()) {
    for await (const record of readJournal(joinPath(folder, name))) {
      if (record.do !== "done") continue;
      for (const result of record.results) {
        if ("do" in result) continue;
        const { to, hash, outcome } = result;
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
