import { openInPlace } from "../disk/open-file.ts";
import { OpenFolders } from "../disk/open-folders.ts";
import { systemCode } from "../model/errors.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import type { HashedBatch, HashRequest, UnreadableFile } from "./hash.ts";
import { ChangedWhileRead, readVersion } from "./read-file.ts";

serveRequests<HashRequest, HashedBatch>(hashBatch, (result) => [result.rows.buffer as ArrayBuffer]);

function hashBatch({ depth, ids, paths, sizes, modified }: HashRequest): HashedBatch {
  let rows = "";
  let files = 0;
  const unreadable: UnreadableFile[] = [];
  const read = { bytes: 0 };
  using folders = new OpenFolders();
  for (const [n, path] of paths.entries()) {
    const id = ids[n] ?? 0;
    try {
      using file = openInPlace(path, folders);
      const expected = { size: sizes[n] ?? 0, mtimeNs: modified[n] ?? 0n };
      rows += `${id}\t${readVersion(file.fd, depth, expected, read)}\n`;
      files++;
    } catch (error) {
      const code = error instanceof ChangedWhileRead ? "CHANGED_WHILE_READ" : systemCode(error);
      if (code === null) throw error;
      unreadable.push({ id, code });
    }
    beat();
  }
  return { rows: new Uint8Array(Buffer.from(rows)), files, bytesRead: read.bytes, unreadable };
}
