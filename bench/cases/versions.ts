import type { Bench } from "../bench.ts";
import { programVersion } from "../program.ts";

/** Of each row that is a program. */
export function versionsOf({ peers }: Bench): Readonly<Record<string, string>> {
  const own = programVersion();
  return {
    ...Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    onefold: own,
    "onefold, database made": own,
  };
}
