import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { saying } from "./command.ts";
import { programVersion } from "./program.ts";

/** Where it was measured, and with what. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly kernel: string;
  /** Of the folder in which the trees stood. */
  readonly fileSystem: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** @param versions Of the programs that were measured. */
export function describeMachine(folder: string, versions: Readonly<Record<string, string>>): Machine {
  const commit = saying("git", "rev-parse", "--short", "HEAD")?.trim() ?? "";
  const onefold = /^[0-9a-f]{7,}$/.test(commit) ? `${programVersion()} (${commit})` : programVersion();
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory: totalmem(),
    system: systemName(),
    kernel: release(),
    fileSystem: saying("findmnt", "-n", "-o", "FSTYPE", "-T", folder)?.trim() ?? "unknown",
    versions: { onefold, node: process.versions.node, ...versions },
  };
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}
