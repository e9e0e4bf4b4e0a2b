import { lstat, open } from "node:fs/promises";
import { type Archive, openArchive } from "../archive/archive.ts";
import { Executor } from "../archive/execute.ts";
import { beginJournal, type Journal } from "../archive/journal.ts";
import type { Advice, Executed, HeldEntry, Outcome, Step } from "../archive/outcome.ts";
import type { Hash, SourceName } from "../model/file.ts";
import type { CopyOperation, LinkOperation, SourceFile } from "../model/operation.ts";
import { joinPath, type PathText, splitExtension, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";

/** An opened archive and all that a run needs to change it; the inventory is a map. */
export interface TestRun extends AsyncDisposable {
  readonly archive: Archive;
  readonly journal: Journal;
  readonly executor: Executor;
  /** What was recorded so far, by content. */
  readonly recorded: Map<Hash, HeldEntry>;
  /** Executes and records; the outcomes in the order of yielding. */
  execute(operations: Iterable<Step> | AsyncIterable<Step>): Promise<Executed[]>;
}

export async function startRun(
  root: PathText,
  { run = "test-run", signal = new AbortController().signal }: { run?: string; signal?: AbortSignal } = {},
): Promise<TestRun> {
  const archive = await openArchive(root, { purpose: "onefold test", program: "onefold 0" });
  const journal = await beginJournal(archive, {
    run,
    command: "run",
    at: "2026-01-01T00:00:00Z",
    program: "onefold 0",
    sources: [],
  });
  const recorded = new Map<Hash, HeldEntry>();
  const executor = new Executor(archive, { journal, advice: adviceFrom(recorded), signal });
  const execute = async (operations: Iterable<Step> | AsyncIterable<Step>) => {
    const all: Executed[] = [];
    for await (const { results } of executor.execute(operations, { readers: 2 })) {
      for (const { outcome } of results) record(recorded, outcome);
      all.push(...results);
    }
    return all;
  };
  const close = async () => {
    await executor[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
    await archive[Symbol.asyncDispose]();
  };
  return { archive, journal, executor, recorded, execute, [Symbol.asyncDispose]: close };
}

/** The file as a scan would see it now. */
export async function scanned(root: PathText, path: string, source = "usb"): Promise<SourceFile> {
  const stats = await lstat(systemPath(joinPath(root, path)), { bigint: true });
  const modified = stats.mtimeNs as EpochNs;
  const changed = stats.ctimeNs as EpochNs;
  const size = Number(stats.size);
  return { id: 1, source: source as SourceName, path: path as PathText, root, size, modified, changed };
}

export function copyOf(from: SourceFile, to: string, hash: Hash | null = null): CopyOperation {
  return { do: "copy", from, hash, to: to as PathText, because: "only copy" };
}

export function linkOf(from: SourceFile, names: { existing: string; to: string; hash: Hash | null }): LinkOperation {
  const { existing, to, hash } = names;
  return { do: "link", from, hash, existing: existing as PathText, to: to as PathText, because: "same content" };
}

/** Kinds of outcome in order, the code in place of "failed". */
export function outcomes(executed: readonly Executed[]): string[] {
  return executed.map(({ outcome }) => (outcome.kind === "failed" ? outcome.problem.code : outcome.kind));
}

/** A file of zeros that takes no space. */
export async function makeSparse(path: PathText, size: number): Promise<void> {
  await using file = await open(systemPath(path), "wx");
  await file.truncate(size);
}

function adviceFrom(recorded: ReadonlyMap<Hash, HeldEntry>): Advice {
  return {
    archiveIsThere: async () => true,
    entriesOf: async (wanted) => {
      const held = new Map<Step, HeldEntry>();
      for (const { operation, hash } of wanted) {
        const entry = hash === null ? undefined : recorded.get(hash);
        if (entry !== undefined) held.set(operation, entry);
      }
      return held;
    },
    otherName: ({ to }, hash) => {
      const [stem, extension] = splitExtension(to);
      return `${stem}~${hash.slice(0, 8)}${extension}` as PathText;
    },
  };
}

function record(recorded: Map<Hash, HeldEntry>, outcome: Outcome): void {
  if (outcome.kind !== "copied" && outcome.kind !== "alreadyThere") return;
  recorded.set(outcome.hash, { hash: outcome.hash, file: outcome.archived });
}
