/** Thread entry: opens one file after the other and looks into it, by synchronous calls. */
import { constants, fstatSync, openSync } from "node:fs";
import type { Category } from "../model/category.ts";
import { systemCode } from "../model/errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { closeQuietly } from "../threads/close-quietly.ts";
import { serveRequests } from "../threads/serve.ts";
import { FileBytes } from "./bytes.ts";
import { look } from "./look.ts";

export interface LookRequest {
  readonly path: string | Uint8Array;
  readonly name: string;
  readonly category: Category;
}

export interface Look {
  readonly bytesRead: number;
  /** null: the file could not be read. */
  readonly evidence: Evidence | null;
  /** What exiftool should be asked for; null: nothing. */
  readonly unread: string | null;
  /** Why it could not be read: system code and message. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

// A symbolic link or a pipe put in the place of a photo must not be followed, nor make us wait.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

serveRequests<readonly LookRequest[], readonly Look[]>((requests) => requests.map(lookInto));

function lookInto({ path, name, category }: LookRequest): Look {
  try {
    // A Buffer arrives in a thread as a plain Uint8Array, which fs does not take for a path.
    const fd = openSync(typeof path === "string" ? path : Buffer.from(path), flags);
    try {
      return lookAt(fd, name, category);
    } finally {
      closeQuietly(fd);
    }
  } catch (error) {
    return failed(error, 0);
  }
}

function lookAt(fd: number, name: string, category: Category): Look {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return failed(new Error("it is no regular file any more"), 0);
  let bytes: FileBytes | undefined;
  try {
    bytes = new FileBytes(fd, stat.size);
    const findings = look(bytes, name, category);
    return { evidence: findings.evidence(), unread: findings.unread, bytesRead: bytes.bytesRead, failure: null };
  } catch (error) {
    return failed(error, bytes?.bytesRead ?? 0);
  }
}

/** One bad file must not end the reading of millions: whatever it caused is told about this file. */
function failed(error: unknown, bytesRead: number): Look {
  const message = error instanceof Error ? error.message : String(error);
  return { evidence: null, unread: null, bytesRead, failure: { code: systemCode(error) ?? "UNREADABLE", message } };
}
