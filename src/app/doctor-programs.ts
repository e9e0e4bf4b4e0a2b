import { exiftoolAvailable } from "../photos/exiftool-process.ts";
import type { Ask } from "./doctor-ask.ts";
import { bad, type Check, good } from "./doctor-check.ts";

/** As `engines` in package.json says. */
const oldestNode = { major: 20, minor: 19 };

/** @param version "20.19.4", as `process.versions.node` */
export function checkNode(version: string): Check {
  const label = "Node.js";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const oldest = `${oldestNode.major}.${oldestNode.minor}`;
  const isOld = major < oldestNode.major || (major === oldestNode.major && minor < oldestNode.minor);
  return isOld
    ? bad(label, `${version} is older than ${oldest}`, `Install Node.js ${oldest} or newer.`)
    : good(label, version);
}

/** Without it a run is a run all the same. */
export async function checkExiftool(): Promise<Check> {
  const label = "exiftool";
  const found = await exiftoolAvailable();
  return found.available
    ? good(label, `${found.version}, with perl: reads dates in formats that onefold cannot`)
    : good(
        label,
        `${found.reason}; files that onefold cannot read itself are dated by other evidence. Optional: install perl`,
      );
}

export async function checkCzkawka(ask: Ask): Promise<Check> {
  const label = "czkawka_cli";
  const purpose = "only needed for scan --engine czkawka";
  const answer = await ask(label, ["--version"]);
  if (answer.kind === "missing") return good(label, `not found: ${purpose}`);
  if (answer.kind === "silent") return good(label, `found, but it does not answer; ${purpose}`);
  const [version] = /\d+(?:\.\d+)+/.exec(answer.stdout) ?? [];
  if (answer.status === 0 && version !== undefined) return good(label, `${version}; ${purpose}`);
  const said = answer.stderr.trim().split("\n")[0] ?? "";
  return good(label, `found, but it does not start${said === "" ? "" : ` (${said})`}; ${purpose}`);
}
