import { AppError } from "../src/model/errors.ts";
import { formatBytes, formatCount } from "../src/model/units.ts";
import type { Bench } from "./bench.ts";
import { type Command, CommandFailed } from "./command.ts";
import type { Contender } from "./contender.ts";
import { type Finish, race, rehearse } from "./race.ts";
import { measureResources, type Resources } from "./resources.ts";
import type { Goal, RaceResult, Row, Scale } from "./results.ts";
import { type Reads, traceReads } from "./trace.ts";
import type { Truth } from "./tree-plan.ts";
import type { Tree } from "./write-tree.ts";

export interface RaceCase {
  readonly id: string;
  readonly title: string;
  readonly tree: Tree;
  readonly contenders: readonly Contender[];
  readonly versions: Readonly<Record<string, string>>;
  readonly goal: Goal | null;
  readonly cold?: boolean;
  readonly notes?: readonly string[];
  /** With which trees to look at what each uses as well: one run for resources and one for reads. */
  readonly looksCloser: readonly Scale[];
}

/** Between two looks at the processes. */
const lookEveryMs = 25;

/**
 * Checks what each finds, then races, then looks at what each uses: only the race is timed, and nothing but the
 * command itself runs in it.
 */
export async function raceCase(bench: Bench, one: RaceCase): Promise<RaceResult> {
  bench.say(`${one.id}: ${one.title}`);
  const notes = new Map<Contender, string[]>();
  const fit: Contender[] = [];
  for (const contender of one.contenders) {
    const remarks = contender.note === undefined ? [] : [contender.note];
    notes.set(contender, remarks);
    const failed = await failureOf(async () => {
      remarks.push(...(await rehearse(contender, one.tree.truth)));
    });
    if (failed === null) fit.push(contender);
    else remarks.push(failed);
    bench.say(`  checked ${contender.name}${remarks.length === 0 ? "" : `: ${remarks.join("; ")}`}`);
  }
  const { rounds, say, isOver } = bench;
  const finishes = await race(fit, { rounds, cold: one.cold ?? false, say, isOver });
  const rows: Row[] = [];
  for (const contender of one.contenders) {
    const finish = finishes.find((other) => other.contender === contender);
    rows.push(await rowOf(bench, one, contender, finish, notes.get(contender) ?? []));
  }
  const { id, title, goal } = one;
  return { kind: "race", id, title, setting: settingOf(one.tree.truth), goal, rows, notes: one.notes ?? [] };
}

async function rowOf(
  bench: Bench,
  one: RaceCase,
  contender: Contender,
  finish: Finish | undefined,
  remarks: readonly string[],
): Promise<Row> {
  const seconds = finish?.seconds ?? [];
  const failed = finish?.failed ?? null;
  const notes = [
    ...remarks,
    ...(failed === null ? [] : [failed]),
    ...(finish !== undefined && failed === null && seconds.length < bench.rounds
      ? [`${seconds.length} of ${bench.rounds} rounds`]
      : []),
  ];
  let resources: Resources | null = null;
  let reads: Reads | null = null;
  if (one.looksCloser.includes(bench.scale) && finish !== undefined && failed === null) {
    bench.say(`  looking closer at ${contender.name}`);
    resources = await underWatch(contender, (command) => measureResources(command, lookEveryMs));
    reads = await underWatch(contender, (command) => traceReads(command, [one.tree.root]));
  }
  const { name, role } = contender;
  return { name, role, version: one.versions[name] ?? "", seconds, resources, reads, notes };
}

async function underWatch<Result>(contender: Contender, watch: (command: Command) => Promise<Result>): Promise<Result> {
  await using ready = await contender.prepare();
  return await watch(ready.command);
}

async function failureOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof CommandFailed) return error.message;
    if (error instanceof AppError) return `what it wrote could not be read: ${error.message}`;
    throw error;
  }
}

function settingOf({ files, bytes, groups, surplus, surplusBytes, hardLinks }: Truth): string {
  const links = hardLinks === 0 ? "" : `, ${formatCount(hardLinks)} more names by hard links`;
  const copies = `${formatCount(surplus)} copies in ${formatCount(groups)} groups (${formatBytes(surplusBytes)})`;
  return `${formatCount(files)} files, ${formatBytes(bytes)}; ${copies}${links}`;
}
