import { readMarker } from "../archive/marker.ts";
import { type HashedBatch, type HashTask, hashFiles } from "../hashing/hash.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { type Finding, markLost, type Reading, recordReadings, unreadFindings } from "../inventory/findings.ts";
import type { RecordedVersion } from "../inventory/verification.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import { joinPath } from "../model/path.ts";
import type { App } from "./context.ts";
import { describeFinding } from "./finding-text.ts";
import type { Target } from "./targets.ts";
import { diskOf, hashThreads, patienceSeconds } from "./threads.ts";
import { loseIfSilent } from "./watch.ts";

/** A finding as a person is told of it. */
export interface ToldFinding extends Finding {
  /** Of the problem that it is. */
  readonly code: string;
  readonly message: string;
}

/** What was read and recorded. */
export interface ReadBatch {
  /** Files that could be read. */
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly ToldFinding[];
  /** See `Verdict`. */
  readonly healed: readonly number[];
}

/**
 * Reads files of the archive from end to end, in threads, and compares them with what is recorded. A batch that is
 * yielded is remembered; being interrupted loses the reading of those in hand.
 *
 * @param files In the order in which they are best read.
 * @throws AppError ARCHIVE_LOST if its disk goes away, or does not answer: then nothing counts as missing
 */
export async function* readArchive(
  app: App,
  session: DedicatedSession,
  archive: Target,
  { files, runId }: { readonly files: AsyncIterable<readonly RecordedVersion[]>; readonly runId: string },
): AsyncGenerator<ReadBatch, void, undefined> {
  const marker = await readMarker(archive.root);
  for await (const batch of hashed(app, archive, files)) {
    if (batch.unreadable.length > 0 && marker !== null) await refuseIfLost(archive, marker.id);
    const reading: Reading = { archiveId: archive.id, runId, at: app.now() };
    const { findings, healed } = await recordReadings(session, [batch.rows], reading);
    const unread = await unreadable(app, batch);
    const told = [...findings, ...unread].map((finding) => {
      return { ...finding, ...describeFinding(finding) };
    });
    yield { files: batch.files, bytes: batch.bytesRead, findings: told, healed };
  }
}

async function* hashed(
  app: App,
  archive: Target,
  files: AsyncIterable<readonly RecordedVersion[]>,
): AsyncGenerator<HashedBatch, void, undefined> {
  const how = {
    depth: "whole",
    threads: hashThreads(app, archive),
    disk: diskOf(archive),
    signal: app.signal,
  } as const;
  try {
    yield* hashFiles(tasksOf(files, archive), { ...how, patienceSeconds: patienceSeconds(app, archive) });
  } catch (error) {
    loseIfSilent(archive, error);
  }
}

async function* tasksOf(
  files: AsyncIterable<readonly RecordedVersion[]>,
  { root }: Target,
): AsyncGenerator<readonly HashTask[], void, undefined> {
  for await (const some of files) yield some.map((file) => ({ ...file, path: joinPath(root, file.path) }));
}

async function unreadable(app: App, batch: HashedBatch): Promise<(Finding & { readonly code: string })[]> {
  const codes = new Map(batch.unreadable.map(({ id, code }) => [id, code]));
  if (codes.size === 0) return [];
  const found = (await unreadFindings(app.db, [...codes.keys()])).map((finding) => {
    const code = codes.get(finding.id) ?? "";
    const isGone = code === "ENOENT" || code === "ENOTDIR";
    return { ...finding, actual: null, code, kind: isGone ? ("missing" as const) : ("unreadable" as const) };
  });
  // No right to read it says nothing about its content.
  const lost = found.filter(({ kind, code, isEntry }) => isEntry && (kind === "missing" || code === "EIO"));
  await markLost(
    app.db,
    lost.map(({ id }) => id),
  );
  return found;
}

/** A disk that was unplugged, or unmounted, has not lost its files. */
async function refuseIfLost({ root }: Target, id: string): Promise<void> {
  const found = await readMarker(root).catch((error: unknown) => {
    if (systemCode(error) === null) throw error;
    return null;
  });
  if (found?.id === id) return;
  throw new AppError("ARCHIVE_LOST", ExitCode.unavailable, `the archive ${root} is not there any more`, {
    hint: "Look at its disk and mount, then try again: what was read before is remembered.",
  });
}
