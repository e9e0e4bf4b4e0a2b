import { parseArgs } from "node:util";

export interface Options {
  /** Names of cases; none means all. */
  readonly cases: readonly string[];
  readonly quick: boolean;
  readonly huge: boolean;
  /** Whether results.json and RESULTS.md are to be written; null: if it was a full run. */
  readonly write: boolean | null;
  readonly keep: boolean;
  readonly help: boolean;
  /** null: as the size of the trees suggests. */
  readonly rounds: number | null;
  /** Where trees are made; null: below the system's temporary folder. */
  readonly folder: string | null;
}

/** @throws Error with a sentence for the user */
export function parseOptions(args: readonly string[], caseNames: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      huge: { type: "boolean", default: false },
      write: { type: "boolean" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      rounds: { type: "string" },
      folder: { type: "string" },
    },
  });
  const unknown = positionals.filter((name) => !caseNames.includes(name));
  if (unknown.length > 0) throw new Error(`there is no case ${unknown.join(", ")}; there are ${caseNames.join(", ")}`);
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && (!Number.isInteger(rounds) || rounds < 1)) throw new Error("--rounds takes a number from 1");
  const { quick, huge, keep, help, folder = null, write = null } = values;
  return { cases: positionals, quick, huge, keep, help, rounds, folder, write };
}
