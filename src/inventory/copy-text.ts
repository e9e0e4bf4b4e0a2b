/** What a column may hold; an object goes in as JSON. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown };

const special = /[\\\t\n\r]/g;
const escaped: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Rows in COPY's text format, as one chunk. */
export function copyText(rows: readonly (readonly Value[])[]): Uint8Array {
  return Buffer.from(rows.map((row) => `${row.map(column).join("\t")}\n`).join(""));
}

function column(value: Value): string {
  if (value === null) return "\\N";
  if (typeof value === "boolean") return value ? "t" : "f";
  const text = typeof value === "object" ? jsonText(value) : String(value);
  return text.replace(special, (character) => escaped[character] ?? character);
}

/** A value for a column of type jsonb, which takes neither NUL nor half a surrogate pair: both stand in real photos. */
export function jsonText(value: readonly unknown[] | { readonly [key: string]: unknown }): string {
  const text = JSON.stringify(value);
  // Looking at each value takes many times as long. A text may also only look as if it held one.
  return /\\u(?:0000|d[89a-f])/.test(text) ? JSON.stringify(value, storable) : text;
}

function storable(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "").replace(/\p{Cs}/gu, "\ufffd") : value;
}
