import { openInPlace } from "../disk/open-file.ts";
import { OpenFolders } from "../disk/open-folders.ts";
import { type Ahead, readAhead } from "../disk/read-ahead.ts";
import { systemCalls } from "../disk/system-calls.ts";
import { CopyRows } from "../model/copy-rows.ts";
import { systemCode } from "../model/errors.ts";
import { headBytes, wholeUpTo } from "../model/fingerprint.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import type { HashedBatch, HashRequest, UnreadableFile } from "./hash.ts";
import { ChangedWhileRead, readVersion } from "./read-file.ts";

serveRequests<HashRequest, HashedBatch>(hashBatch, (result) => [result.rows.buffer as ArrayBuffer]);

async function hashBatch(request: HashRequest): Promise<HashedBatch> {
  const { depth, ids, paths, sizes, modified } = request;
  const calls = request.disk === "local" ? await systemCalls() : null;
  const rows = new CopyRows();
  let files = 0;
  const unreadable: UnreadableFile[] = [];
  const read = { bytes: 0 };
  using folders = new OpenFolders();
  if (calls !== null) readAhead(ahead(request), folders, calls);
  for (const [n, path] of paths.entries()) {
    const id = ids[n] ?? 0;
    try {
      using file = openInPlace(path, folders);
      const expected = { size: sizes[n] ?? 0, mtimeNs: modified[n] ?? 0n };
      readVersion(file.fd, id, { depth, expected, read, rows });
      files++;
    } catch (error) {
      const code = error instanceof ChangedWhileRead ? "CHANGED_WHILE_READ" : systemCode(error);
      if (code === null) throw error;
      unreadable.push({ id, code });
    }
    beat();
  }
  return { rows: rows.take(), files, bytesRead: read.bytes, unreadable };
}

/** Of one file; what comes after that, the system reads ahead by itself. Bytes. */
const mostAhead = 4 << 20;

function* ahead({ depth, paths, sizes }: HashRequest): Generator<Ahead> {
  for (const [n, path] of paths.entries()) {
    const size = sizes[n] ?? 0;
    const ends = [0, size - headBytes].map((position) => ({ position, bytes: headBytes }));
    const isEnds = depth === "ends" && size > wholeUpTo;
    yield { path, pieces: isEnds ? ends : [{ position: 0, bytes: Math.min(size, mostAhead) }] };
  }
}
