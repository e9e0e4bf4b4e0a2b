/** Whether what was promised holds. Pure. */
import { formatBytes, formatCount } from "../src/model/units.ts";
import type { CaseResult, GrowthPoint, GrowthResult, RaceResult, Row } from "./results.ts";
import { growthExponent, median, ratioOf } from "./statistics.ts";

export interface Target {
  readonly id: string;
  /** What was to be reached. */
  readonly promise: string;
  readonly measured: string;
  /** null: it could not be told. */
  readonly met: boolean | null;
}

export function targetsOf(cases: readonly CaseResult[]): Target[] {
  return cases.flatMap((one) => {
    if (one.kind === "race") return raceTargets(one);
    if (one.kind === "growth") return growthTargets(one);
    return [{ id: one.id, promise: one.title, measured: `not measured: ${one.because}`, met: null }];
  });
}

/** The row that times are compared with: the one that is named, else the fastest peer. */
export function referenceOf({ rows, goal }: Pick<RaceResult, "rows" | "goal">): Row | null {
  const timed = rows.filter(({ seconds, role }) => seconds.length > 0 && role === "peer");
  const named = goal?.against ?? null;
  if (named !== null) return timed.find(({ name }) => name === named) ?? null;
  return timed.reduce<Row | null>((best, row) => {
    return best === null || median(row.seconds) < median(best.seconds) ? row : best;
  }, null);
}

function raceTargets(result: RaceResult): Target[] {
  const { id, rows, goal } = result;
  if (goal === null) return [];
  const reference = referenceOf(result);
  return rows
    .filter(({ role }) => role === "onefold")
    .flatMap((row) => [
      timeTarget(id, row, reference, goal.limit, goal.against),
      ...(goal.beatsOthers ? [othersTarget(id, row, rows, reference)] : []),
      ...(goal.mostReadBytes === undefined ? [] : [readTarget(id, row, goal.mostReadBytes)]),
    ]);
}

function timeTarget(id: string, row: Row, reference: Row | null, limit: number, against: string | null): Target {
  const promise = `${row.name}: at most ${limit} × ${against ?? "the fastest peer"}`;
  if (reference === null || row.seconds.length === 0) return { id, promise, measured: "not measured", met: null };
  const { ratio, low, high } = ratioOf(row.seconds, reference.seconds);
  const measured = `${ratio.toFixed(2)} × ${reference.name} (${low.toFixed(2)}–${high.toFixed(2)})`;
  return { id, promise, measured, met: ratio <= limit };
}

function othersTarget(id: string, row: Row, rows: readonly Row[], reference: Row | null): Target {
  const promise = `${row.name}: every peer but the fastest takes longer`;
  const others = rows.filter((other) => other.role === "peer" && other !== reference && other.seconds.length > 0);
  if (row.seconds.length === 0 || others.length === 0) return { id, promise, measured: "not measured", met: null };
  const faster = others.filter((other) => median(other.seconds) < median(row.seconds)).map(({ name }) => name);
  const measured = faster.length === 0 ? "so it is" : `faster: ${faster.join(", ")}`;
  return { id, promise, measured, met: faster.length === 0 };
}

function readTarget(id: string, row: Row, most: number): Target {
  const promise = `${row.name}: reads at most ${formatBytes(most)} of the sources`;
  if (row.reads === null) return { id, promise, measured: "not measured", met: null };
  return { id, promise, measured: formatBytes(row.reads.bytes), met: row.reads.bytes <= most };
}

const most = { exponent: 1.1, ownMemory: 300_000_000 };
/** With fewer files, starting is what takes the time. */
const enoughFiles = 1_000_000;

function growthTargets({ id, points }: GrowthResult): Target[] {
  const commands = [...new Set(points.map(({ command }) => command))];
  return commands.flatMap((command) => {
    const own = points.filter((point) => point.command === command).sort((a, b) => a.files - b.files);
    const [before, last] = own.slice(-2);
    return before === undefined || last === undefined ? [] : [linearTarget(id, before, last), memoryTarget(id, last)];
  });
}

function linearTarget(id: string, before: GrowthPoint, last: GrowthPoint): Target {
  const exponent = growthExponent(before, last);
  const sizes = `from ${formatCount(before.files)} to ${formatCount(last.files)} files`;
  return {
    id,
    promise: `${last.command}: the time grows as the files do, with a power of at most ${most.exponent}`,
    measured: `${exponent.toFixed(2)}, ${sizes}`,
    met: exponent > most.exponent ? false : last.files >= enoughFiles ? true : null,
  };
}

function memoryTarget(id: string, { command, files, resources }: GrowthPoint): Target {
  const promise = `${command}: onefold's own processes take at most ${formatBytes(most.ownMemory)}, 10,000,000 files`;
  if (resources === null) return { id, promise, measured: "not measured", met: null };
  const measured = `${formatBytes(resources.ownMemory)} with ${formatCount(files)} files`;
  const tooMuch = resources.ownMemory > most.ownMemory;
  // Little with few files proves nothing.
  return { id, promise, measured, met: tooMuch ? false : files >= 10_000_000 ? true : null };
}
