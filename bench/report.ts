/** The tables, as Markdown. Pure. */
import { formatBytes, formatCount } from "../src/model/units.ts";
import type { CaseResult, GrowthResult, Measured, RaceResult, Results, Row } from "./results.ts";
import { median, ratioOf } from "./statistics.ts";
import { table } from "./table.ts";
import { referenceOf, type Target, targetsOf } from "./targets.ts";

/** RESULTS.md. @param profile What is written by hand about where the time goes; "" for nothing. */
export function resultsPage({ full, quick }: Results, profile: string): string {
  const parts = [
    "# Results of the benchmark",
    "Written by `npm run bench`; what the cases mean and how they are measured stands in [README.md](README.md).",
    ...(full === undefined ? [] : [measuredPart(full, null)]),
    ...(profile === "" ? [] : [profile.trim()]),
    ...(quick === undefined ? [] : ["# With small trees (`--quick`)", measuredPart(quick, null)]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @param before What the ratios are to stand beside, if there is something. */
export function measuredPart(measured: Measured, before: Measured | null): string {
  const { machine, missing, at, cases } = measured;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const facts = [
    `${at.slice(0, 10)}, ${machine.processor}, ${formatCount(machine.cores)} cores, ${formatBytes(machine.memory)} of memory,`,
    `${machine.system}, Linux ${machine.kernel}, ${machine.fileSystem}.`,
    `Measured: ${versions.join(", ")}.`,
    ...(missing.length === 0 ? [] : [`Not installed here: ${missing.join(", ")}.`]),
  ];
  return [
    facts.join("\n"),
    "## Targets",
    targetTable(targetsOf(cases)),
    ...cases.map(caseSection),
    ...(before === null ? [] : ["## Compared with the last results", comparison(cases, before)]),
  ].join("\n\n");
}

function targetTable(targets: readonly Target[]): string {
  const word = (met: boolean | null) => (met === null ? "open" : met ? "met" : "**missed**");
  const rows = targets.map(({ id, promise, measured, met }) => [id, promise, measured, word(met)]);
  return table(["case", "target", "measured", ""], rows);
}

function caseSection(one: CaseResult): string {
  const title = `## ${one.title} (\`${one.id}\`)`;
  if (one.kind === "skipped") return `${title}\n\nNot measured: ${one.because}.`;
  const setting = one.kind === "race" ? `${one.setting}; ${roundsOf(one)}.` : `${one.setting}.`;
  return [title, setting, one.kind === "race" ? raceTable(one) : growthTable(one), ...one.notes].join("\n\n");
}

/** Cases may have been measured at different times, with other numbers of rounds. */
function roundsOf({ rows }: RaceResult): string {
  const rounds = Math.max(0, ...rows.map(({ seconds }) => seconds.length));
  return rounds === 1 ? "1 round" : `${rounds} rounds`;
}

function raceTable(result: RaceResult): string {
  const reference = referenceOf(result);
  const titles = [
    ...["", "version", "seconds", "range", reference === null ? "ratio" : `× ${reference.name}`, "spread"],
    ...["CPU s", "of it PostgreSQL", "memory", "of it PostgreSQL", "read", "reads"],
  ];
  const ordered = [...result.rows].sort((a, b) => orderOf(a) - orderOf(b));
  const notes: string[] = [];
  const rows = ordered.map((row) => {
    const marks = row.notes.map((note) => {
      if (!notes.includes(note)) notes.push(note);
      return `[${notes.indexOf(note) + 1}]`;
    });
    return [[row.name, ...marks].join(" "), row.version, ...timeCells(row, reference), ...usedCells(row)];
  });
  return [table(titles, rows), ...notes.map((note, n) => `[${n + 1}] ${note}`)].join("\n\n");
}

function orderOf({ seconds }: Row): number {
  return seconds.length === 0 ? Number.MAX_VALUE : median(seconds);
}

function timeCells({ seconds }: Row, reference: Row | null): string[] {
  if (seconds.length === 0) return ["–", "–", "–", "–"];
  const range = `${shown(Math.min(...seconds))}–${shown(Math.max(...seconds))}`;
  if (reference === null) return [shown(median(seconds)), range, "–", "–"];
  const { ratio, low, high } = ratioOf(seconds, reference.seconds);
  return [shown(median(seconds)), range, ratio.toFixed(2), `${low.toFixed(2)}–${high.toFixed(2)}`];
}

function usedCells({ resources, reads }: Row): string[] {
  const part = (value: number, text: string) => (value === 0 ? "–" : text);
  const used =
    resources === null
      ? ["–", "–", "–", "–"]
      : [
          shown(resources.cpuSeconds),
          part(resources.databaseCpuSeconds, shown(resources.databaseCpuSeconds)),
          formatBytes(resources.memory),
          part(resources.databaseMemory, formatBytes(resources.databaseMemory)),
        ];
  return [...used, ...(reads === null ? ["–", "–"] : [formatBytes(reads.bytes), formatCount(reads.calls)])];
}

function growthTable({ points }: GrowthResult): string {
  const titles = [
    ...["", "files", "seconds", "µs a file", "CPU s", "of it PostgreSQL"],
    ...["memory, own", "PostgreSQL", "of it shared"],
  ];
  const rows = points.map(({ command, files, seconds, resources }) => [
    ...[command, formatCount(files), shown(seconds), ((seconds / files) * 1e6).toFixed(1)],
    ...(resources === null
      ? ["–", "–", "–", "–", "–"]
      : [
          ...[shown(resources.cpuSeconds), shown(resources.databaseCpuSeconds), formatBytes(resources.ownMemory)],
          ...[formatBytes(resources.databaseMemory), formatBytes(resources.databaseShared)],
        ]),
  ]);
  return table(titles, rows);
}

/** Ratios of today beside those of another day; of a case that only one has, nothing is said. */
export function comparison(cases: readonly CaseResult[], before: Measured): string {
  const rows = cases.flatMap((one) => {
    const other = before.cases.find((earlier) => earlier.id === one.id);
    if (one.kind !== "race" || other?.kind !== "race") return [];
    return one.rows
      .filter(({ role }) => role === "onefold")
      .map((row) => [one.id, row.name, ratioCell(one, row.name), ratioCell(other, row.name)]);
  });
  return table(["case", "", "ratio now", `on ${before.at.slice(0, 10)}`], rows);
}

function ratioCell(result: RaceResult, name: string): string {
  const reference = referenceOf(result);
  const row = result.rows.find((one) => one.name === name);
  if (reference === null || row === undefined || row.seconds.length === 0) return "–";
  const { ratio, low, high } = ratioOf(row.seconds, reference.seconds);
  return `${ratio.toFixed(2)} × ${reference.name} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** Three digits, as more would be chance. */
function shown(seconds: number): string {
  return seconds >= 100 ? seconds.toFixed(0) : seconds >= 10 ? seconds.toFixed(1) : seconds.toFixed(2);
}
