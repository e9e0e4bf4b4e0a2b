import { Command, CommanderError } from "@commander-js/extra-typings";
import { gettingReady } from "../app/early.ts";
import { type OpenedApp, openApp, type Start } from "../app/open.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Workbench } from "./command.ts";
import { reportFailure } from "./failure.ts";
import type { GlobalOptions } from "./options.ts";
import { LiveProgress, silentProgress as silent } from "./progress.ts";
import { listenForInterruption } from "./signals.ts";
import { Console, forgiveGoneReaders } from "./terminal.ts";

/** In the order in which help names them. Each with all that it needs: to load the others takes longer than many a command. */
const commands = {
  run: async () => (await import("./run.ts")).runCommand,
  scan: async () => (await import("./scan.ts")).scanCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  consolidate: async () => (await import("./consolidate.ts")).consolidateCommand,
  status: async () => (await import("./status.ts")).statusCommand,
  duplicates: async () => (await import("./duplicates.ts")).duplicatesCommand,
  where: async () => (await import("./where.ts")).whereCommand,
  covered: async () => (await import("./covered.ts")).coveredCommand,
  verify: async () => (await import("./verify.ts")).verifyCommand,
  manifest: async () => (await import("./manifest.ts")).manifestCommand,
  relink: async () => (await import("./relink.ts")).relinkCommand,
  undo: async () => (await import("./undo.ts")).undoCommand,
  reclaim: async () => (await import("./reclaim.ts")).reclaimCommand,
  history: async () => (await import("./history.ts")).historyCommand,
  import: async () => (await import("./import.ts")).importCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  database: async () => (await import("./database.ts")).databaseCommand,
  init: async () => (await import("./init.ts")).initCommand,
};

/** The one that is meant, if the line begins with it; else all, for help. */
function commandsFor([name = ""]: readonly string[]) {
  const meant = Object.entries(commands).filter(([known]) => known === name);
  return Promise.all((meant.length > 0 ? meant : Object.entries(commands)).map(([, load]) => load()));
}

/** The process, as far as the program touches it. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly userId: number;
  readonly version: string;
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  /** Ends the process at once. */
  readonly exit: (status: ExitCode) => void;
}

/** Carries out one command line. Never throws: every ending is an exit status. */
export async function carryOut(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  forgiveGoneReaders(surroundings.out, surroundings.err);
  const bench = new ProcessBench(surroundings);
  const program = new Command("onefold")
    .description("Gathers every backup share into one archive and keeps each content once.")
    .version(surroundings.version)
    .showHelpAfterError(false);
  for (const command of await commandsFor(args)) program.addCommand(command(bench) as Command);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({
      outputError: () => undefined,
      writeOut: (text) => surroundings.out.write(text),
      writeErr: (text) => surroundings.err.write(text),
    });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return bench.status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok;
    const console = bench.console(args.includes("--json") ? { json: true } : {});
    if (error instanceof CommanderError) return reportFailure(usageError(error), console);
    return reportFailure(error, console);
  }
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => allCommands(child as Command))];
}

function usageError({ message, code }: CommanderError): AppError {
  // Without a command commander shows the help as if it were an error, and has no words of its own.
  const sentence =
    code === "commander.help" ? "no command is given" : message.replace(/^error: /, "").replace(/\n/g, " ");
  return new AppError("USAGE", ExitCode.usage, sentence, { hint: "onefold --help lists the commands and options." });
}

class ProcessBench implements Workbench {
  status: ExitCode = ExitCode.ok;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  console({ json, quiet, verbose }: GlobalOptions): Console {
    const options = { json: json === true, quiet: quiet === true, verbose: verbose === true };
    return new Console(this.#surroundings.out, this.#surroundings.err, options);
  }

  // Commands take these out of the bench, so they must know it by themselves.
  readonly withApp: Workbench["withApp"] = (options, work) => this.#withOpened(options, work);
  readonly withDisks: Workbench["withDisks"] = (options, load, work) =>
    this.#withOpened(options, async (app, console) => work(app, console, await load()), gettingReady(load));
  readonly withInventory: Workbench["withInventory"] = (options, work) =>
    this.#withOpened(options, (opened, console) => work(opened, console, opened.signal));
  readonly withStart: Workbench["withStart"] = (options, work) => this.#withStart(options, work);
  readonly without: Workbench["without"] = async (options, work) => {
    this.status = await work(this.console(options));
  };

  #withOpened(
    options: GlobalOptions,
    work: (opened: OpenedApp, console: Console) => Promise<ExitCode>,
    load: () => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    return this.#withStart(options, async (start, console) => {
      await using app = await openApp(start, load);
      return await work(app, console);
    });
  }

  async #withStart(options: GlobalOptions, work: (start: Start, console: Console) => Promise<ExitCode>): Promise<void> {
    const console = this.console(options);
    const { exit, err } = this.#surroundings;
    using progress = console.quiet ? silent : new LiveProgress(err, Date.now);
    using interruption = listenForInterruption(
      () => progress.note("Stopping: finishing or discarding what is in hand."),
      exit,
    );
    const { signal } = interruption;
    try {
      const status = await work({ ...this.#surroundings, options, progress, signal }, console);
      this.status = interruption.status() ?? status;
    } catch (error) {
      const status = interruption.status();
      // What an abort breaks off is no failure of its own.
      if (status !== null && isAbort(error)) this.status = status;
      else throw error;
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
