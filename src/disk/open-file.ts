import { constants, openSync } from "node:fs";
import { type PathText, systemPath } from "../model/path.ts";
import { closeQuietly } from "./close-quietly.ts";
import type { OpenFolders } from "./open-folders.ts";

/** An open file that its scope closes. */
export interface OpenFile extends Disposable {
  /** File descriptor. */
  readonly fd: number;
}

// Without O_NONBLOCK, opening a pipe that took the file's place would wait for a writer for ever.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens what stands at a path, without following a link in any part of it, and without waiting for anybody. It may be
 * a folder, a pipe or a device: look before reading.
 *
 * @throws NodeJS.ErrnoException ELOOP for a symbolic link, ENOTDIR for one above it, ENOENT, EACCES, …
 */
export function openInPlace(path: PathText, folders: OpenFolders): OpenFile {
  const fd = openSync(systemPath(folders.path(path)), flags);
  return { fd, [Symbol.dispose]: () => closeQuietly(fd) };
}
