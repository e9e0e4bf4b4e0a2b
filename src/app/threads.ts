import { availableParallelism } from "node:os";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Slow shares answer many questions at once no slower than one, but each thread costs some 10 MB: enough to hide a
 * share's delay, few enough for a small machine that reads five of them.
 */
const remoteThreads = { all: 16, least: 4, most: 12 } as const;

/** Threads that read one source at once: a processor each for a local disk, more where the wait is for a network. */
export function hashThreads(app: App, target: Pick<Target, "remote">): number {
  return threadsFor(app, target, Math.min(4, availableParallelism()));
}

/** Where a target's files are, for those who read them. */
export function diskOf({ remote }: Pick<Target, "remote">): "local" | "remote" {
  return remote ? "remote" : "local";
}

/** Threads that look through one source: a local disk gains from two at most. */
export function walkThreads(app: App, target: Pick<Target, "remote">): number {
  return threadsFor(app, target, 2);
}

/** Batches of one source that are copied at once. With more of them a kill would lose more. */
export function copyThreads(app: App, target: Pick<Target, "remote">): number {
  return Math.min(8, hashThreads(app, target));
}

function threadsFor(app: App, { remote }: Pick<Target, "remote">, local: number): number {
  const { threads } = app.config.scan;
  if (threads > 0) return threads;
  if (!remote) return local;
  const { all, least, most } = remoteThreads;
  return Math.min(most, Math.max(least, Math.floor(all / app.config.sources.length)));
}

/** For reading metadata: a few KiB of each file, then exiftool for the few that need it. */
export function evidenceThreads(app: App, sources: readonly Target[]) {
  const remote = sources.some((source) => source.remote);
  const threads = app.config.scan.threads > 0 ? app.config.scan.threads : remote ? 8 : availableParallelism();
  const exiftool = Math.max(1, Math.min(4, availableParallelism() - 1));
  return { threads, exiftool, signal: app.signal, patienceSeconds: patienceSeconds(app, { remote }) };
}

/**
 * How long a thread may wait for one answer of a disk or share. A share's own timeouts are mostly shorter (SMB 180 s at
 * most, soft NFS); a disk that spins up, or reads a bad block again and again, may take minutes.
 */
export function patienceSeconds(app: App, { remote }: Pick<Target, "remote">): number {
  const { stallSeconds } = app.config.scan;
  if (stallSeconds > 0) return stallSeconds;
  return remote ? 120 : 300;
}
