import type { Fields } from "./json-fields.ts";

/** Fields by which the entries of czkawka's other tools are known; the first tool that has one of them. */
const telling: readonly (readonly [list: string, fields: readonly string[]])[] = [
  ["similar videos", ["vhash", "signature", "fps", "codec"]],
  ["similar music", ["fingerprint", "track_title", "track_artist"]],
  ["similar images", ["similarity", "difference", "dimensions", "image_type", "hashes"]],
  ["broken files", ["error_string", "errors", "type_of_file"]],
  ["bad extensions", ["current_extension", "proper_extensions"]],
  ["bad names", ["new_name"]],
];

/** All fields that {@link otherList} asks for. */
export const tellingFields: readonly string[] = [...telling.flatMap(([, fields]) => fields), "hash", "symlink_info"];

/** What the entry's list is a list of, if not of duplicates. */
export function otherList(entry: Fields): string | null {
  const known = telling.find(([, fields]) => fields.some((field) => entry.has(field)));
  if (known !== undefined) return known[0];
  if (entry.kind("hash") === "startArray") return "similar images";
  if (entry.kind("symlink_info") === "startObject") return "invalid symbolic links";
  const isFile = entry.has("path") && entry.has("modified_date");
  return isFile && !entry.has("hash") ? "big, empty or temporary files" : null;
}
