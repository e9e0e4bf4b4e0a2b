import type { Bench } from "../bench.ts";
import { programVersion } from "../program.ts";

/** Of each row that is a program. */
export function versionsOf({ peers }: Bench): Readonly<Record<string, string>> {
  const own = programVersion();
  const variants = ["onefold", "onefold, database made", "onefold, with by-source/"];
  return {
    ...Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    ...Object.fromEntries(variants.map((name) => [name, own])),
  };
}
