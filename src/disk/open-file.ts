import { constants, openSync } from "node:fs";
import { type PathText, systemPath } from "../model/path.ts";
import { closeQuietly } from "./close-quietly.ts";
import type { OpenFolders } from "./open-folders.ts";

/** An open file that its scope closes. */
export interface OpenFile extends Disposable {
  /** File descriptor. */
  readonly fd: number;
}

/** Without O_NONBLOCK, opening a pipe that took the file's place would wait for a writer for ever. */
export const unfollowed = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens what stands at a path, without following a link in any part of it, and without waiting for anybody. It may be
 * a folder, a pipe or a device: look before reading.
 *
 * @throws NodeJS.ErrnoException ELOOP for a symbolic link, ENOTDIR for one above it, ENOENT, EACCES, …
 */
export function openInPlace(path: PathText, folders: OpenFolders): OpenFile {
  return openUnfollowed(folders.path(path));
}

/**
 * Opens what stands at a path, unless its last name is a link: for a path through a folder that is held open.
 *
 * @throws NodeJS.ErrnoException ELOOP, ENOENT, EACCES, …
 */
export function openUnfollowed(path: PathText): OpenFile {
  const fd = openSync(systemPath(path), unfollowed);
  return { fd, [Symbol.dispose]: () => closeQuietly(fd) };
}
