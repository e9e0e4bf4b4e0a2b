/** What a command uses: processor time and memory of all its processes, PostgreSQL's apart. In a run of its own, untimed. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Command, launch } from "./command.ts";
import { ProcessTree, parseStat, type Seen } from "./process-tree.ts";

export interface Resources {
  readonly seconds: number;
  /** Of all processes, user and system; and PostgreSQL's part of it. */
  readonly cpuSeconds: number;
  readonly databaseCpuSeconds: number;
  /** Bytes that no file backs, memory that processes share counted once: the most at any one time. */
  readonly memory: number;
  /** The most that the processes other than PostgreSQL's had. */
  readonly ownMemory: number;
  /** The most that PostgreSQL's had, and the most of it that they share. */
  readonly databaseMemory: number;
  readonly databaseShared: number;
}

interface Memory {
  readonly private: number;
  readonly shared: number;
}

/**
 * A shell waits for the command, so that the time of all that was waited for is known in the end, exactly.
 * "read" and "echo" are its own: it starts nothing else.
 */
const waiter = 'report=$1; shift; "$@"; status=$?; read -r line </proc/$$/stat; echo "$line" >"$report"; exit $status';

/** @param everyMs Between two looks; each costs some milliseconds of one processor. @throws CommandFailed */
export async function measureResources(command: Command, everyMs: number): Promise<Resources> {
  const report = `${command.output}.stat`;
  await using running = launch(command, ["sh", "-c", waiter, "sh", report]);
  const watch = new Watch(running.pid);
  const ended = running.ended.then(() => true);
  do watch.look();
  while (!(await Promise.race([ended, delay(everyMs, false)])));
  return { seconds: running.seconds(), ...watch.end(readFileSync(report, "utf8")) };
}

class Watch {
  readonly #tree: ProcessTree;
  readonly #root: number;
  /** Whether a process is the supervisor of the embedded server, or one of a server. */
  readonly #keepers = new Map<number, boolean>();
  #memory = { memory: 0, ownMemory: 0, databaseMemory: 0, databaseShared: 0 };

  constructor(root: number) {
    this.#root = root;
    this.#tree = new ProcessTree(root);
  }

  look(): void {
    const own = { private: 0, shared: 0 };
    const database = { private: 0, shared: 0 };
    for (const { pid } of this.#tree.look(allProcesses())) {
      const memory = pid === this.#root ? null : memoryOf(pid);
      if (memory === null) continue;
      const side = this.#tree.isBelow(pid, (one) => this.#isKeeper(one)) ? database : own;
      side.private += memory.private;
      side.shared += memory.shared;
    }
    const most = this.#memory;
    const [ownNow, databaseNow] = [own.private + own.shared, database.private + database.shared];
    this.#memory = {
      memory: Math.max(most.memory, ownNow + databaseNow),
      ownMemory: Math.max(most.ownMemory, ownNow),
      databaseMemory: Math.max(most.databaseMemory, databaseNow),
      databaseShared: Math.max(most.databaseShared, database.shared),
    };
  }

  /** @param last What the root knew of itself when all was over. */
  end(last: string): Omit<Resources, "seconds"> {
    const root = parseStat(last);
    if (root !== null) this.#tree.look([root]);
    const isKeeper = (pid: number) => this.#isKeeper(pid);
    const databases = this.#tree.keepers(isKeeper).map((pid) => this.#tree.cpuSeconds(pid));
    return {
      ...this.#memory,
      cpuSeconds: this.#tree.cpuSeconds(),
      databaseCpuSeconds: databases.reduce((sum, one) => sum + one, 0),
    };
  }

  #isKeeper(pid: number): boolean {
    const known = this.#keepers.get(pid);
    if (known !== undefined) return known;
    const line = readOr(`/proc/${pid}/cmdline`, "");
    const isKeeper = /server-supervisor\.js|(?:^|\/)(?:postgres|initdb)(?:\0|:|$)/.test(line);
    // A process that was just forked still has the line of its parent.
    if (isKeeper) this.#keepers.set(pid, isKeeper);
    return isKeeper;
  }
}

function allProcesses(): Seen[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((pid) => parseStat(readOr(`/proc/${pid}/stat`, "")) ?? []);
}

/** What no file backs. null if the process has ended, or may not be looked at. */
function memoryOf(pid: number): Memory | null {
  const text = readOr(`/proc/${pid}/smaps_rollup`, "");
  if (text === "") return null;
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { private: (kilobytes("Pss_Anon") + kilobytes("SwapPss")) * 1024, shared: kilobytes("Pss_Shmem") * 1024 };
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
