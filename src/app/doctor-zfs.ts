import { readFile } from "node:fs/promises";
import { systemCode } from "../model/errors.ts";
import type { Answer, Ask } from "./doctor-ask.ts";
import { bad, type Check, good } from "./doctor-check.ts";

const properties = ["compression", "dedup", "sync", "utf8only"] as const;

/** How the archive's dataset is set up, which is advice, and whether its pool is well. */
export async function checkZfs(dataset: string, ask: Ask): Promise<Check[]> {
  const label = "zfs";
  // What mountinfo shows is asked for only if it can be nothing but a dataset's name.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/ -]*$/.test(dataset)) return [good(label, `${dataset} is no dataset to ask about`)];
  const pool = dataset.split("/")[0] ?? dataset;
  const [set, health, faults] = await Promise.all([
    ask("zfs", ["get", "-Hp", "-o", "property,value", properties.join(","), dataset]),
    ask("zpool", ["status", "-x", pool]),
    moduleFaults(),
  ]);
  return [datasetCheck(label, dataset, set, faults), poolCheck("zfs pool", pool, health)];
}

/** @param answer Of `zfs get -Hp -o property,value`: two columns with a tab between. */
export function datasetCheck(label: string, dataset: string, answer: Answer, faults: readonly string[]): Check {
  if (answer.kind !== "answered" || answer.status !== 0)
    return good(label, `${dataset}; ${notAsked("zfs", answer)}`, faults);
  const values = new Map(answer.stdout.split("\n").map((line) => line.split("\t", 2) as [string, string]));
  const is = (property: (typeof properties)[number]) => values.get(property) ?? "?";
  const shown = properties.map((property) => `${property}=${is(property)}`).join(" ");
  const set = (property: string, value: string) => `zfs set ${property}=${value} ${dataset}`;
  const advice = [
    is("compression") === "off" ? [`advice: compression saves space at no cost: ${set("compression", "lz4")}`] : [],
    ["off", "?"].includes(is("dedup"))
      ? []
      : [`advice: dedup takes memory and finds nothing, each content being here once: ${set("dedup", "off")}`],
    is("sync") === "disabled"
      ? [`warning: with sync=disabled a power cut loses what was reported as safe: ${set("sync", "standard")}`]
      : [],
    is("utf8only") === "on" ? ["warning: utf8only=on refuses names that are not UTF-8"] : [],
  ];
  return good(label, `${dataset}: ${shown}`, [...advice.flat(), ...faults]);
}

/** @param answer Of `zpool status -x POOL`, whose exit status is 0 also for a pool in trouble. */
export function poolCheck(label: string, pool: string, answer: Answer): Check {
  const fix = `Run zpool status -v ${pool}: it shows the devices, and what to do.`;
  if (answer.kind === "silent")
    return bad(label, `zpool status ${pool} does not answer: the pool may be suspended`, fix);
  if (answer.kind !== "answered") return good(label, notAsked("zpool", answer));
  const { stdout } = answer;
  if (/^(?:pool '.*' is healthy|all pools are healthy)$/m.test(stdout)) return good(label, `${pool} is healthy`);
  const [, state] = /^\s*state:\s*(\S+)/m.exec(stdout) ?? [];
  if (state === undefined) return good(label, notAsked("zpool", answer));
  const [, what] = /^\s*status:\s*([\s\S]*?)\n\s*(?:action|see|scan|scrub|config):/m.exec(stdout) ?? [];
  const [, action] = /^\s*action:\s*([\s\S]*?)\n\s*(?:see|scan|scrub|config):/m.exec(stdout) ?? [];
  const said = what === undefined ? "" : `: ${onOneLine(what)}`;
  return bad(label, `${pool} is ${state}${said}`, action === undefined ? fix : `${onOneLine(action)} ${fix}`);
}

/**
 * Known faults of a release of OpenZFS that lose or garble data.
 *
 * @param version As in /sys/module/zfs/version: "2.1.11-1+deb12u1". @param cloning zfs_bclone_enabled; null if unknown.
 */
export function zfsFaults(version: string, cloning: boolean | null): string[] {
  const [, major = "", minor = "", patch = ""] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === "") return [];
  const is = Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch);
  const within = (from: number, before: number) => from <= is && is < before;
  if (within(0, 2_001_014) || within(2_002_000, 2_002_002)) {
    return [
      `warning: OpenZFS ${version} may show zeros in files just written (mended in 2.1.14 and 2.2.2, and by some distributions before): update it`,
    ];
  }
  if (cloning !== false && (within(2_003_000, 2_003_007) || within(2_004_000, 2_004_002))) {
    return [`warning: OpenZFS ${version} may garble files with cloned blocks (mended in 2.3.7 and 2.4.2): update it`];
  }
  return [];
}

async function moduleFaults(): Promise<string[]> {
  const [version, cloning] = await Promise.all([
    textOf("/sys/module/zfs/version"),
    textOf("/sys/module/zfs/parameters/zfs_bclone_enabled"),
  ]);
  return zfsFaults(version, cloning === "" ? null : cloning === "1");
}

/** "" where the kernel does not tell. */
async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return "";
  }
}

function notAsked(program: string, answer: Answer): string {
  if (answer.kind === "missing") return `not asked, since the program ${program} is not here`;
  if (answer.kind === "silent") return `not asked, since ${program} does not answer`;
  return `${program} cannot tell: ${onOneLine(answer.stderr) || `it ended with ${answer.status}`}`;
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
