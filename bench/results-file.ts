import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resultsPage } from "./report.ts";
import type { Measured, Results } from "./results.ts";

/** @param folder That of RESULTS.md and results.json. */
export async function readResults(folder: string): Promise<Results> {
  return JSON.parse((await readIfThere(join(folder, "results.json"))) || "{}");
}

/** Writes both; what was not measured now stays as it was. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  await writeFile(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  const profile = await readIfThere(join(folder, "profile.md"));
  await writeFile(join(folder, "RESULTS.md"), resultsPage(results, profile));
}

async function readIfThere(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
}

/** Cases of now in the places of those of before; cases that were not measured now are kept, with their numbers. */
export function merged(before: Measured | undefined, now: Measured): Measured {
  if (before === undefined) return now;
  const familyOf = (id: string) => id.split("/")[0];
  const fresh = new Set(now.cases.map(({ id }) => familyOf(id)));
  return { ...now, cases: [...before.cases.filter(({ id }) => !fresh.has(familyOf(id))), ...now.cases] };
}
