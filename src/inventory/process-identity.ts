import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { systemCode } from "../model/errors.ts";

/** Names one process for all time: process numbers are used again, together with the start time they are not. */
export interface ProcessIdentity {
  readonly host: string;
  /** Differs after every start of the machine; "" where the system does not tell. */
  readonly bootId: string;
  /** In which container the process number counts; "" where the system does not tell. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process; "" where the system does not tell. */
  readonly startTime: string;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const [bootId, pidNamespace, status] = await Promise.all([
    readOr("/proc/sys/kernel/random/boot_id"),
    readlink("/proc/self/ns/pid").catch(() => ""),
    processStatus(process.pid),
  ]);
  return { host: hostname(), bootId, pidNamespace, pid: process.pid, startTime: status?.startTime ?? "" };
}

/**
 * Whether a process still runs, as far as that can be told from here: "elsewhere" is (or was) another machine,
 * "container" another container of this one, where process numbers mean something else.
 */
export async function whereabouts(other: ProcessIdentity): Promise<"alive" | "dead" | "elsewhere" | "container"> {
  const me = await thisProcess();
  // Without a boot id (not Linux) the host's name must do.
  const sameBoot = other.bootId === me.bootId && (me.bootId !== "" || other.host === me.host);
  if (!sameBoot) return other.host === me.host ? "dead" : "elsewhere";
  if (other.pidNamespace !== me.pidNamespace) return "container";
  return (await isRunning(other.pid, other.startTime)) ? "alive" : "dead";
}

/** @param startTime "" if it is not known */
export async function isRunning(pid: number, startTime = ""): Promise<boolean> {
  if (!canSignal(pid)) return false;
  const status = await processStatus(pid);
  // Nothing in /proc: not Linux, or gone since.
  if (status === null) return canSignal(pid);
  // Z and X: dead, but its parent has not asked how.
  return !/[ZX]/.test(status.state) && (startTime === "" || startTime === status.startTime);
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return systemCode(error) === "EPERM";
  }
}

/** From /proc/PID/stat: "PID (NAME) STATE …", the start time in field 22; a name may hold spaces and brackets. */
async function processStatus(pid: number): Promise<{ state: string; startTime: string } | null> {
  const text = await readOr(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return text === "" ? null : { state: fields[0] ?? "", startTime: fields[19] ?? "" };
}

async function readOr(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}
