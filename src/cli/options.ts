import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { parseBytes } from "../model/units.ts";

/** What every command takes. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly database?: string | undefined;
  readonly source?: readonly string[] | undefined;
  readonly archive?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
  readonly verbose?: true | undefined;
}

/** Adds the options that every command has, so that they may stand anywhere on the line. */
export function withGlobalOptions<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
): Command<Args, Opts & GlobalOptions> {
  return command
    .addOption(new Option("--config <file>", "config file"))
    .addOption(new Option("--database <url>", "PostgreSQL to use, instead of the embedded one"))
    .addOption(
      new Option("--source <path>", "a source: PATH or NAME=PATH; repeat it, the most trusted first").argParser(
        collect,
      ),
    )
    .addOption(new Option("--archive <path>", "the archive"))
    .addOption(new Option("--json", "print results as JSON").default(undefined))
    .addOption(new Option("-q, --quiet", "no progress").default(undefined))
    .addOption(new Option("-v, --verbose", "say more").default(undefined))
    .addOption(new Option("--no-color", "no colours (there are none yet)").default(undefined)) as unknown as Command<
    Args,
    Opts & GlobalOptions
  >;
}

/** For commands that scan sources. */
export function acceptShrinkOption() {
  return new Option(
    "--accept-shrink <name>",
    "this source may have lost most of its files, or be another one; repeat it",
  ).argParser(collect);
}

/** Parses a size option. */
export function bytesOption(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null) throw new InvalidArgumentError("Expected a size like 500k, 10M or 2GiB.");
  return bytes;
}

/** Parses a count option. */
export function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return count;
}

/** The EXIT STATUS block of a help text. */
export function exitStatus(meanings: Readonly<Record<number, string>>): string {
  const lines = Object.entries(meanings).map(([status, meaning]) => `  ${status.padEnd(4)} ${meaning}`);
  return ["", "Exit status:", ...lines].join("\n");
}

export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
