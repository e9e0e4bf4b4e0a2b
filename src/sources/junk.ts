import { folderOf, nameOf, type PathText } from "../model/path.ts";

/**
 * What systems leave lying about, and no person ever made: inventoried, never
 * archived. Only names that leave no doubt: a folder called "cache", "tmp" or
 * "thumbnails" may hold the only copy of something, and Picasa.ini holds albums.
 */

/** Names in lower case, since the shares of Windows and macOS ignore case. */
const junkFolders: ReadonlyMap<string, string> = new Map([
  ["@eadir", "Synology's thumbnails and indexes"],
  ["@synoresource", "Synology's extended attributes"],
  ["#recycle", "recycle bin of a Synology share"],
  ["#snapshot", "snapshots of a Synology share"],
  ["@recycle", "recycle bin of a QNAP share"],
  ["@recently-snapshot", "snapshots of a QNAP share"],
  ["@__thumb", "QNAP's thumbnails"],
  ["$recycle.bin", "recycle bin of Windows"],
  ["system volume information", "Windows' own records of a disk"],
  ["lost+found", "for fragments a file system check finds"],
  [".trash", "trash of macOS"],
  [".trashes", "trash of macOS"],
  ["network trash folder", "trash of a Macintosh share"],
  [".spotlight-v100", "search index of macOS"],
  [".fseventsd", "change records of macOS"],
  [".documentrevisions-v100", "document versions of macOS"],
  [".temporaryitems", "temporary files of macOS"],
  ["temporary items", "temporary files of macOS"],
  [".appledouble", "Macintosh attributes kept by a file server"],
  [".appledb", "records of a Macintosh file server"],
  [".appledesktop", "records of a Macintosh file server"],
  ["__macosx", "Macintosh attributes from a ZIP archive"],
  [".thumbnails", "thumbnails made by Linux or Android"],
  [".zfs", "snapshots of ZFS"],
]);

const junkFiles: ReadonlyMap<string, string> = new Map([
  [".ds_store", "folder view of macOS"],
  [".localized", "marker of macOS"],
  [".apdisk", "marker of a Macintosh disk"],
  ["icon\\x0d", "folder icon of macOS"],
  ["thumbs.db", "thumbnails made by Windows"],
  ["ehthumbs.db", "thumbnails made by Windows"],
  ["ehthumbs_vista.db", "thumbnails made by Windows"],
  ["desktop.ini", "folder view of Windows"],
  ["hiberfil.sys", "memory image of Windows"],
  ["pagefile.sys", "swapped memory of Windows"],
  ["swapfile.sys", "swapped memory of Windows"],
  ["zbthumbnail.info", "thumbnails made by a camera program"],
]);

const longestName = Math.max(...[...junkFolders.keys(), ...junkFiles.keys()].map((name) => name.length));

/** What macOS writes for attributes alone; a larger AppleDouble file may hold a resource fork that is nowhere else. */
const attributesOnlyBytes = 4_096;

/** Whether a folder is junk with all that is below it: by its own name or by that of a folder above. */
export function isJunkFolder(path: PathText): boolean {
  return reasonOfFolders(path) !== null;
}

/** Whether a file is junk by its own name, wherever it lies. @param size Bytes. */
export function isJunkFile(name: PathText, size: number | bigint): boolean {
  return reasonOfFile(name, size) !== null;
}

/** What makes a file junk, for people: a folder above it decides before its own name. null if nothing does. */
export function junkReason(path: PathText, size: number | bigint): string | null {
  return reasonOfFolders(folderOf(path)) ?? reasonOfFile(nameOf(path), size);
}

function reasonOfFolders(path: string): string | null {
  for (const name of path.split("/")) {
    if (name.length > longestName) continue;
    const lower = name.toLowerCase();
    const reason = junkFolders.get(lower) ?? (/^\.trash-\d+$/.test(lower) ? "trash of a Linux desktop" : null);
    if (reason !== null) return reason;
  }
  return null;
}

function reasonOfFile(name: string, size: number | bigint): string | null {
  if (name.startsWith("._")) {
    return size <= attributesOnlyBytes && name.length > 2 ? "Macintosh attributes of another file" : null;
  }
  if (name.startsWith("SYNOFILE_THUMB_")) return "thumbnail made by Synology";
  if (name.startsWith(".onefold-nonce-") && Number(size) === 0) return "left behind by a killed onefold";
  return name.length > longestName ? null : (junkFiles.get(name.toLowerCase()) ?? null);
}
