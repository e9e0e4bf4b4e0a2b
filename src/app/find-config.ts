import { readFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";

/** Where the program was started. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
}

export interface FoundConfig {
  /** As it was named, or found; relative to the current folder or absolute. */
  readonly file: string;
  readonly text: string;
}

/**
 * The config file: the one named by `--config` or $ONEFOLD_CONFIG, which must be there,
 * else the first of the usual places that holds one; null if none does.
 *
 * @throws AppError CONFIG_INVALID if it is not there or cannot be read
 */
export async function findConfigFile(
  option: string | undefined,
  surroundings: Surroundings,
): Promise<FoundConfig | null> {
  const { environment, cwd } = surroundings;
  const given = option ?? named(environment["ONEFOLD_CONFIG"]);
  if (given !== undefined) {
    const text = await readText(given, cwd);
    if (text === null) throw configInvalid([`${given}: there is no such file`]);
    return { file: given, text };
  }
  for (const file of usualPlaces(environment)) {
    const text = await readText(file, cwd);
    if (text !== null) return { file, text };
  }
  return null;
}

/** An empty variable counts as none. */
export function named(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

/** @param problems Each a line of the message: "file:line: key: sentence". At least one. */
export function configInvalid(problems: readonly string[]): AppError {
  const message =
    problems.length === 1 ? problems.join() : `the configuration has ${problems.length} faults\n${problems.join("\n")}`;
  return new AppError("CONFIG_INVALID", ExitCode.usage, message, {
    hint: "Correct it and start again; nothing was touched.",
  });
}

/** Where a config file is looked for if none is named, in this order. */
export function usualPlaces(environment: Surroundings["environment"]): string[] {
  const home = named(environment["HOME"]);
  const xdg = named(environment["XDG_CONFIG_HOME"]);
  // A relative XDG_CONFIG_HOME is to be ignored, says its specification.
  const settings = xdg !== undefined && isAbsolute(xdg) ? xdg : home === undefined ? null : join(home, ".config");
  const own = settings === null ? [] : [join(settings, "onefold", "onefold.toml")];
  return ["onefold.toml", ...own, "/etc/onefold/onefold.toml"];
}

async function readText(file: string, cwd: string): Promise<string | null> {
  try {
    return await readFile(resolve(cwd, file), "utf8");
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    if (code !== null) throw configInvalid([`${file}: cannot be read (${code})`]);
    throw error;
  }
}
