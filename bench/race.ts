import { writeFileSync } from "node:fs";
import { CommandFailed, help, run } from "./command.ts";
import type { Contender } from "./contender.ts";
import { median } from "./statistics.ts";
import type { Truth } from "./tree-plan.ts";

/** How often, how, and what to tell meanwhile. */
export interface RaceOptions {
  readonly rounds: number;
  /** Whether the system forgets all it has read before each run; only root can make it. */
  readonly cold?: boolean;
  /** Asked before each round but the first. */
  readonly isOver?: () => boolean;
  readonly say: (text: string) => void;
}

/** What came of one contender. */
export interface Finish {
  readonly contender: Contender;
  /** One for each round; fewer if it was slow or failed. */
  readonly seconds: readonly number[];
  readonly failed: string | null;
}

/** A peer that takes this much longer than the fastest peer, and this long, runs once. */
const hopeless = { times: 6, seconds: 20 };

/**
 * Lets all run in turn, each round beginning with the next: what disturbs the machine for a while disturbs all, and
 * nobody always runs after the same one.
 */
export async function race(contenders: readonly Contender[], options: RaceOptions): Promise<Finish[]> {
  const times = new Map(contenders.map((contender) => [contender, [] as number[]]));
  const failures = new Map<Contender, string>();
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0 && options.isOver?.()) break;
    for (const contender of rotated(contenders, round)) {
      const seconds = times.get(contender) ?? [];
      if (failures.has(contender) || isHopeless(contender, times)) continue;
      try {
        seconds.push(await runOnce(contender, options.cold ?? false));
        options.say(`  round ${round + 1}: ${contender.name} ${seconds.at(-1)?.toFixed(3)} s`);
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        failures.set(contender, error.message);
        options.say(`  ${error.message}`);
      }
    }
  }
  return contenders.map((contender) => {
    return { contender, seconds: times.get(contender) ?? [], failed: failures.get(contender) ?? null };
  });
}

/** One run that is not timed. @returns what is wrong with what it did @throws CommandFailed */
export async function rehearse(contender: Contender, truth: Truth): Promise<readonly string[]> {
  await using ready = await contender.prepare();
  await run(ready.command);
  return await ready.check(truth);
}

/** @returns seconds */
async function runOnce(contender: Contender, cold: boolean): Promise<number> {
  await using ready = await contender.prepare();
  // What others have written must not be flushed in this one's time.
  help("sync");
  if (cold) dropCaches();
  return await run(ready.command);
}

export function canDropCaches(): boolean {
  try {
    dropCaches();
    return true;
  } catch {
    return false;
  }
}

function dropCaches(): void {
  writeFileSync("/proc/sys/vm/drop_caches", "3");
}

export function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function isHopeless(contender: Contender, times: ReadonlyMap<Contender, readonly number[]>): boolean {
  const own = times.get(contender) ?? [];
  if (contender.role !== "peer" || own.length === 0) return false;
  const peers = [...times].filter(([{ role }, seconds]) => role === "peer" && seconds.length > 0);
  const fastest = Math.min(...peers.map(([, seconds]) => median(seconds)));
  return median(own) > hopeless.seconds && median(own) > hopeless.times * fastest;
}
