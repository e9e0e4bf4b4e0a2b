/** onefold itself, as its users call it: the built program, with a config file and the embedded database. */
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { programLine } from "../src/testing/onefold.ts";
import { type Command, flushed, help, run } from "./command.ts";
import { type Contender, checkArchive, differences, ready } from "./contender.ts";
import type { Truth } from "./tree-plan.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** An inventory of its own, and what it is about. */
export interface Installation {
  readonly scratch: string;
  readonly state: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly archive?: string;
  readonly bySource?: boolean;
}

/** The shape is what `--json` promises. */
interface Summary {
  readonly scan?: { readonly readBytes: number };
  readonly duplicates?: { readonly groups: number; readonly files: number };
  readonly problems?: readonly unknown[];
}

export function programVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  return version;
}

/** Sets its folder up: no database yet. */
export async function install(
  scratch: string,
  { sources, archive, bySource = true }: Pick<Installation, "sources" | "archive" | "bySource">,
): Promise<Installation> {
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const text = JSON.stringify;
  const lines = [
    ...(archive === undefined ? [] : ["[archive]", `path = ${text(archive)}`, `by-source = ${bySource}`]),
    ...Object.entries(sources).flatMap(([name, path]) => [
      "[[source]]",
      `name = ${text(name)}`,
      `path = ${text(path)}`,
    ]),
  ];
  await writeFile(join(scratch, "onefold.toml"), `${lines.join("\n")}\n`);
  return { scratch, state: join(scratch, "state"), sources, ...(archive === undefined ? {} : { archive }), bySource };
}

export function onefoldCommand({ scratch, state }: Installation, ...args: readonly string[]): Command {
  const [program = "", ...before] = programLine([
    ...args,
    "--json",
    "--quiet",
    "--config",
    join(scratch, "onefold.toml"),
  ]);
  return { program, args: before, env: { ONEFOLD_STATE: state }, output: join(scratch, "said"), cwd: scratch };
}

interface ContenderOptions {
  readonly note?: string;
  /** Untimed, before each run. */
  readonly before?: () => Promise<void>;
}

/**
 * `onefold COMMAND` in a race. Where there is an archive, it is not over before all of that is on the disk.
 *
 * @param begins With what state each run begins: nothing, the one of {@link saveState}, or as the run before left it.
 */
export function onefoldContender(
  name: string,
  at: Installation,
  args: readonly string[],
  begins: "nothing" | "saved" | "as it is",
  more: ContenderOptions = {},
): Contender {
  return {
    name,
    role: "onefold",
    ...(more.note === undefined ? {} : { note: more.note }),
    prepare: async () => {
      if (begins !== "as it is") await rm(at.state, { recursive: true, force: true });
      if (begins === "saved") help("cp", "-a", savedState(at), at.state);
      await more.before?.();
      const command = onefoldCommand(at, ...args);
      const check = (truth: Truth) => checkRun(at, truth);
      return ready(at.archive === undefined ? command : flushed(command, at.archive), check);
    },
  };
}

/** Runs a command, untimed, and keeps the state it leaves as what later runs begin with. */
export async function saveState(at: Installation, ...args: readonly string[]): Promise<void> {
  await rm(at.state, { recursive: true, force: true });
  await run(onefoldCommand(at, ...args));
  await rm(savedState(at), { recursive: true, force: true });
  help("cp", "-a", at.state, savedState(at));
}

/** What the last command says it has read of the sources' files. */
export function bytesReadBy(at: Installation): number {
  return lastSummary(at).scan?.readBytes ?? 0;
}

function savedState({ state }: Installation): string {
  return `${state}.saved`;
}

async function checkRun(at: Installation, truth: Truth): Promise<readonly string[]> {
  const { problems = [], duplicates } = lastSummary(at);
  return [
    ...(problems.length === 0 ? [] : [`${problems.length} problems`]),
    // Consolidate only carries out what was found before.
    ...(duplicates === undefined ? [] : differences({ groups: duplicates.groups, surplus: duplicates.files }, truth)),
    ...(at.archive === undefined ? [] : await checkArchive(at.archive, truth)),
  ];
}

function lastSummary({ scratch }: Installation): Summary {
  return JSON.parse(readFileSync(join(scratch, "said"), "utf8"));
}
