/** Thread entry: opens one file after the other and looks into it, by synchronous calls. */
import { fstatSync } from "node:fs";
import { openInPlace } from "../disk/open-file.ts";
import { OpenFolders } from "../disk/open-folders.ts";
import type { Category } from "../model/category.ts";
import { systemCode } from "../model/errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import { FileBytes } from "./bytes.ts";
import { look } from "./look.ts";

export interface LookRequest {
  /** Absolute. */
  readonly path: PathText;
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

serveRequests<readonly LookRequest[], readonly Look[]>((requests) => {
  using folders = new OpenFolders();
  return requests.map((request) => lookInto(request, folders));
});

function lookInto({ path, name, category }: LookRequest, folders: OpenFolders): Look {
  beat();
  try {
    using file = openInPlace(path, folders);
    return lookAt(file.fd, name, category);
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
