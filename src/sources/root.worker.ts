/** Thread entry: looks at roots, by calls that hang where a share does not answer. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statfsSync } from "node:fs";
import { AppError, systemCode } from "../model/errors.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import type { RootAnswer, RootRequest, RootSight, Sample } from "./root-watch.ts";
import { listRoot } from "./roots.ts";

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY;

serveRequests<RootRequest, RootAnswer>((request) => {
  try {
    return answer(request);
  } catch (error) {
    if (error instanceof AppError) {
      const { code, exitCode, message, hint } = error;
      return { kind: "refused", code, exitCode, message, hint };
    }
    const code = systemCode(error);
    if (code === null) throw error;
    return { kind: "failed", code };
  }
});

function answer(request: RootRequest): RootAnswer {
  switch (request.do) {
    case "find":
      return { kind: "found", ...listRoot(request.path, request.what) };
    case "look":
      return { kind: "seen", ...look(request.root, request.keep) };
    case "sample":
      return { kind: "sampled", there: request.files.filter((file) => isThere(request.root, file)).length };
  }
}

/** @param keep Leaves the folder open for as long as this thread lives: so nobody unmounts it by an ordinary umount. */
function look(root: PathText, keep: boolean): RootSight {
  const fd = openSync(systemPath(root), asFolder);
  try {
    beat();
    const { dev, ino } = fstatSync(fd, { bigint: true });
    // Names and times may come from memory; this asks the server.
    statfsSync(systemPath(root));
    beat();
    const [, mountId] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1")) ?? [];
    return { device: dev, inode: ino, mountId: mountId === undefined ? null : Number(mountId) };
  } finally {
    if (!keep) closeSync(fd);
  }
}

/** FAT keeps times to two seconds, and one share may be reached by two protocols. */
const toleranceNs = 2_000_000_000n;

function isThere(root: PathText, { path, size, modified }: Sample): boolean {
  try {
    const stats = lstatSync(systemPath(joinPath(root, path)), { bigint: true });
    const off = stats.mtimeNs - modified;
    return stats.isFile() && stats.size === BigInt(size) && off <= toleranceNs && off >= -toleranceNs;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return false;
  } finally {
    beat();
  }
}
