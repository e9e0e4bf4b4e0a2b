/**
 * A step of the recipe by hand: prints every file of the folders but the copies that czkawka has found, with NULs between.
 * Paths begin below "/", without it: cp --parents of coreutils 9.1 fails for absolute ones.
 *
 *     node keep-one.js DUPLICATES.json FOLDER…
 */
import { readdirSync, readFileSync } from "node:fs";

const [document = "", ...folders] = process.argv.slice(2);
const found: Record<string, { path: string }[][]> = JSON.parse(readFileSync(document, "utf8"));
const copies = new Set(Object.values(found).flatMap((groups) => groups.flatMap((group) => group.slice(1).map(pathOf))));
const kept = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => !copies.has(path)),
);
process.stdout.write(kept.map((path) => `${path.slice(1)}\0`).join(""));

function pathOf({ path }: { path: string }): string {
  return path;
}
