/** `npm run bench`: measures, and prints or writes the tables. Never fails because something is slow. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Options, parseOptions } from "./options.ts";
import { measuredPart } from "./report.ts";
import type { Measured, Results, Scale } from "./results.ts";
import { merged, readResults, writeResults } from "./results-file.ts";
import { cases, runCases } from "./run-cases.ts";

/** Seconds within which --quick begins its last round: some are left for what follows. */
const quickBudget = 140;
const home = fileURLToPath(new URL("../../bench/", import.meta.url));
const say = (text: string) => process.stderr.write(`${text}\n`);

const usage = `npm run bench -- [CASE…] [--quick] [--rounds N] [--folder DIR] [--keep] [--write] [--huge]

  --quick       small trees, at most 3 minutes; shows the ratios beside those of the last results
  --rounds N    how often each runs (5, with --quick 3)
  --folder DIR  where trees are made, on the file system to measure on (a new one below ${tmpdir()})
  --keep        leaves the trees there, so that the next run with the same --folder need not make them
  --write       writes RESULTS.md and results.json, as a run of all cases in full does
  --huge        ten millions of files, too

Cases, all if none is named:
${cases.map(({ name, summary }) => `  ${name.padEnd(12)}  ${summary}`).join("\n")}
`;

async function main(options: Options): Promise<void> {
  // One of our own in any case: it is removed in the end.
  const folder =
    options.folder === null ? await mkdtemp(join(tmpdir(), "onefold-bench-")) : join(options.folder, "onefold-bench");
  const before = await readResults(home);
  try {
    const scale = options.quick ? "quick" : "full";
    const measured = await measure(options, scale, folder);
    // Ratios of small trees and of large ones have nothing to do with each other.
    process.stdout.write(`${measuredPart(measured, options.quick ? (before.quick ?? null) : null)}\n`);
    const all = options.cases.length === 0;
    if (!(options.write ?? (all && !options.quick))) return;
    const results: Results = { ...before, [scale]: merged(all ? undefined : before[scale], measured) };
    await writeResults(home, results);
    // What later quick runs on this machine are compared with.
    if (all && !options.quick) await writeResults(home, { ...results, quick: await measure(options, "quick", folder) });
  } finally {
    if (!options.keep) await rm(folder, { recursive: true, force: true });
    else say(`kept: ${folder}`);
  }
}

function measure(options: Options, scale: Scale, folder: string): Promise<Measured> {
  const wanted = cases.filter(({ name }) => options.cases.length === 0 || options.cases.includes(name));
  const rounds = options.rounds ?? (scale === "quick" ? 3 : 5);
  const huge = options.huge && scale === "full";
  return runCases({
    ...{ scale, huge, rounds, cases: wanted, folder: join(folder, scale), say },
    budget: scale === "quick" ? quickBudget : null,
    now: () => new Date(),
  });
}

function readOptions(): Options | null {
  const names = cases.map(({ name }) => name);
  try {
    return parseOptions(process.argv.slice(2), names);
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

const options = readOptions();
if (options === null) process.exitCode = 2;
else if (options.help) process.stdout.write(usage);
else await main(options);
