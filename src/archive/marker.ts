import { randomUUID } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";
import { systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { archiveLost, archiveMarkerDamaged, archiveTooNew, asArchiveError } from "./errors.ts";
import { flushFolder } from "./flush-folder.ts";
import { inPrivateFolder, newTemporaryName, temporaryPath } from "./private-folder.ts";

/** What `.onefold/archive.json` says: which archive this is, wherever it is mounted. */
export interface Marker {
  readonly id: string;
  /** Program and version that began the archive. */
  readonly createdBy: string;
  /** Of everything in `.onefold/`. */
  readonly format: number;
}

/** The newest format that this program understands. */
const ourFormat = 1;

/**
 * Tells which archive lies at `root`; changes nothing.
 *
 * @returns null if no run has written to this folder yet
 * @throws AppError ARCHIVE_TOO_NEW, ARCHIVE_MARKER_DAMAGED, ARCHIVE_NOT_WRITABLE or ARCHIVE_LOST if it cannot be read
 */
export async function readMarker(root: PathText): Promise<Marker | null> {
  const path = inPrivateFolder(root, "archive.json");
  try {
    return parseMarker(root, path, await readFile(systemPath(path), "utf8"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw asArchiveError(root, error);
  }
}

/** The marker that is there, or a new one. Never overwrites. The archive's lock must be held. */
export async function makeMarker(root: PathText, createdBy: string): Promise<Marker> {
  const found = await readMarker(root);
  if (found !== null) return found;
  const marker: Marker = { id: randomUUID(), createdBy, format: ourFormat };
  const draft = temporaryPath(root, newTemporaryName());
  try {
    const text = `${JSON.stringify(marker, null, 2)}\n`;
    await writeFlushed(draft, text);
    if ((await readFile(systemPath(draft), "utf8")) !== text)
      throw archiveLost(root, "what is written reads differently");
    await link(draft, inPrivateFolder(root, "archive.json"));
  } finally {
    await rm(draft, { force: true });
  }
  await flushFolder(inPrivateFolder(root));
  return marker;
}

function parseMarker(root: PathText, path: PathText, text: string): Marker {
  const { id, createdBy, format } = parseObject(path, text);
  if (typeof format === "number" && format > ourFormat) throw archiveTooNew(root, format);
  if (typeof id !== "string" || typeof createdBy !== "string" || typeof format !== "number") {
    throw archiveMarkerDamaged(path);
  }
  return { id, createdBy, format };
}

function parseObject(path: PathText, text: string): Partial<Record<keyof Marker, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch (cause) {
    throw archiveMarkerDamaged(path, cause);
  }
  throw archiveMarkerDamaged(path);
}

async function writeFlushed(path: PathText, text: string): Promise<void> {
  await using file = await open(path, "wx", 0o644);
  await file.writeFile(text);
  await file.sync();
}
