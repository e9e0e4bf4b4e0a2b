import { lstatSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { storable } from "../model/time.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import type { LookRequest } from "./look.ts";

serveRequests<LookRequest, Uint8Array>(lookAtAll, (rows) => [rows.buffer as ArrayBuffer]);

function lookAtAll({ ids, paths }: LookRequest): Uint8Array {
  const rows = paths.map((path, n) => `${ids[n] ?? 0}\t${look(path)}\n`);
  return new Uint8Array(Buffer.from(rows.join("")));
}

function look(path: string | Buffer): string {
  try {
    const stats = lstatSync(path, { bigint: true });
    beat();
    if (!stats.isFile()) return nothing("NOT_A_FILE");
    const { size, mtimeNs, dev, ino } = stats;
    return `${size}\t${storable(mtimeNs)}\t${BigInt.asIntN(64, dev)}\t${BigInt.asIntN(64, ino)}\t\\N`;
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return nothing(code);
  }
}

function nothing(code: string): string {
  return `\\N\t\\N\t\\N\t\\N\t${code}`;
}
