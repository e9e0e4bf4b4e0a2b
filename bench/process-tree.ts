/** Processes as /proc shows them, and what they used together. */

/** One process as it was last seen. */
export interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since the system started; tells two processes with one number apart. */
  readonly started: number;
  /** Seconds of processor time, of its own. */
  readonly own: number;
  /** Of its children that have ended and that it has waited for. */
  readonly reaped: number;
  readonly command: string;
}

/** Linux counts processor time in these, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/** Reads a line of /proc/PID/stat; null if it is none. */
export function parseStat(line: string): Seen | null {
  // The name stands in brackets and may hold anything.
  const end = line.lastIndexOf(")");
  const begin = line.indexOf("(");
  if (begin < 0 || end < begin) return null;
  const fields = line
    .slice(end + 2)
    .split(" ")
    .map(Number);
  const [parent, user, system, childUser, childSystem, started] = [1, 11, 12, 13, 14, 19].map((n) => fields[n]);
  if (parent === undefined || started === undefined) return null;
  const seconds = (...ticks: (number | undefined)[]) =>
    ticks.reduce((sum: number, one) => sum + (one ?? 0), 0) / ticksPerSecond;
  return {
    pid: Number(line.slice(0, begin)),
    parent,
    started,
    own: seconds(user, system),
    reaped: seconds(childUser, childSystem),
    command: line.slice(begin + 1, end),
  };
}

/** All processes that a command has started, directly or not, also those whose parents have ended. */
export class ProcessTree {
  readonly #root: number;
  readonly #members = new Map<number, Seen>();

  constructor(root: number) {
    this.#root = root;
  }

  /** Takes in a look at all processes of the system. @returns those of the command that run now */
  look(all: readonly Seen[]): Seen[] {
    const now = new Map(all.map((one) => [one.pid, one]));
    const isMember = (one: Seen, depth = 0): boolean => {
      if (one.pid === this.#root || this.#members.get(one.pid)?.started === one.started) return true;
      const parent = now.get(one.parent);
      return parent !== undefined && depth < 100 && isMember(parent, depth + 1);
    };
    const running = all.filter((one) => isMember(one));
    for (const one of running) {
      // The parent it had first: later it may be an orphan.
      const before = this.#members.get(one.pid);
      const parent = before?.started === one.started ? before.parent : one.parent;
      this.#members.set(one.pid, { ...one, parent });
    }
    return running;
  }

  /** Whether a process is PostgreSQL, or what keeps it for us. @param isKeeper Asked of processes and their parents. */
  isBelow(pid: number, isKeeper: (pid: number) => boolean): boolean {
    for (let at = this.#members.get(pid), depth = 0; at !== undefined && depth < 100; depth++) {
      if (isKeeper(at.pid)) return true;
      at = this.#members.get(at.parent);
    }
    return false;
  }

  /**
   * Seconds of processor time of the root and all below it. Of what ended between two looks, what its parent knows
   * counts; only what nobody of the tree has waited for loses the time after the last look.
   */
  cpuSeconds(pid = this.#root): number {
    const seen = this.#members.get(pid);
    if (seen === undefined) return 0;
    const children = [...this.#members.values()].filter(({ parent, pid: child }) => parent === pid && child !== pid);
    return (
      seen.own +
      Math.max(
        seen.reaped,
        children.reduce((sum, child) => sum + this.cpuSeconds(child.pid), 0),
      )
    );
  }

  /** The topmost of the processes that `isKeeper` names. */
  keepers(isKeeper: (pid: number) => boolean): number[] {
    return [...this.#members.values()]
      .filter(({ pid, parent }) => isKeeper(pid) && !this.isBelow(parent, isKeeper))
      .map(({ pid }) => pid);
  }
}
