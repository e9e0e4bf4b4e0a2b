/**
 * The words this program thinks in.
 *
 * A *source* is a folder tree we only read: one backup share. The *archive* is
 * the one tree that receives everything. A *file* is one path in a source or in
 * the archive, as last seen. A *content* is the bytes themselves, named by
 * their hash; files with the same content are duplicates, whatever they are
 * called. The archive holds each content once, at its *entry*.
 */
import type { Brand } from "./brand.ts";
import type { PathText } from "./path.ts";

/** Name of a source in the config file, e.g. "nas-2019". */
export type SourceName = Brand<string, "SourceName">;

/** BLAKE3-256 of a whole file: 64 lower-case hex digits, as `b3sum` prints them. */
export type Hash = Brand<string, "Hash">;

/** Where a file lies: its source, and its path below the source's root. */
export interface Place {
  readonly source: SourceName;
  readonly path: PathText;
}

export function toHash(text: string): Hash {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new TypeError(`not a hash: expected 64 lower-case hex digits, got ${JSON.stringify(text)}`);
  }
  return text as Hash;
}
