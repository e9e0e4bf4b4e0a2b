/** A name as SQL takes it literally, in quotation marks. */
export function quotedIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** For the search path in the `options` of a connection URL: they are split at spaces, a backslash keeps the next character. */
export function searchPathOption(schema: string): string {
  return `-csearch_path=${quotedIdentifier(schema).replace(/[\s\\]/g, "\\$&")}`;
}
