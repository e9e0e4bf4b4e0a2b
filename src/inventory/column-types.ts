import pg from "pg";

const { builtins } = pg.types;
const asText = (text: string) => text;
const ownParsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, BigInt],
  [1016, (text: string) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(bigIntOrNull))],
  [builtins.DATE, asText],
  [builtins.TIMESTAMP, asText],
]);

/** How the driver reads a column: see the types named at `Session`. */
export function getTypeParser(type: number, format?: "text" | "binary"): (text: string) => unknown {
  const own = format === "binary" ? undefined : ownParsers.get(type);
  return own ?? pg.types.getTypeParser(type, format as "text");
}

function bigIntOrNull(text: string): bigint | null {
  return text === "NULL" ? null : BigInt(text);
}
