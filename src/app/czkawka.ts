import { join } from "node:path";
import { findCzkawka, searchWithCzkawka } from "../imports/czkawka.ts";
import { openResults } from "../imports/import.ts";
import { makeFolders, temporaryFolder } from "../inventory/server-folder.ts";
import { pathTextOf } from "../model/path.ts";
import type { App } from "./context.ts";
import { keepClaims } from "./import.ts";
import type { Targets } from "./targets.ts";

/**
 * Has the user's czkawka_cli look for equal files in all sources, the archive left out, and keeps what it says as
 * claims. What it does not report means nothing: it leaves out more than it tells.
 *
 * @throws AppError CZKAWKA_NOT_FOUND, CZKAWKA_TOO_OLD, CZKAWKA_FAILED, CZKAWKA_KILLED
 */
export async function claimWithCzkawka(app: App, { sources }: Targets, runId: string): Promise<void> {
  const program = await findCzkawka(app.config.czkawka.command);
  // Beside the database: a result of millions of files may be too large for a temporary folder in memory.
  await makeFolders(app.stateFolder, 0o700);
  await using folder = await temporaryFolder(join(app.stateFolder, "czkawka-"));
  const resultFile = join(folder.path, "duplicates.json");
  const { drawable } = app.progress;
  const phase = drawable ? null : app.progress.begin(`czkawka ${program.version} looks for equal files`);
  const { threads } = app.config.scan;
  const roots = sources.map(({ root }) => root);
  await searchWithCzkawka(program, { roots, resultFile, threads, draws: drawable, signal: app.signal });
  phase?.end();
  if (app.signal.aborted) return;
  await using document = await openResults(resultFile, { format: "czkawka" });
  await keepClaims(app, document, { runId, name: pathTextOf(`czkawka ${program.version}`), maps: [] });
}
