import type { App } from "../app/context.ts";
import type { OpenedApp, Start } from "../app/open.ts";
import type { ExitCode } from "../model/errors.ts";
import type { GlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** What a command gets to work with; `--help` needs none of it. */
export interface Workbench {
  /** Reads the config, opens the database, runs `work` and closes everything again. */
  withApp(options: GlobalOptions, work: (app: App, console: Console) => Promise<ExitCode>): Promise<void>;
  /**
   * The same for a command that looks at disks.
   *
   * @param load Brings the module that `work` is handed, while the database starts: that takes longer than to load most
   *   of the program.
   */
  withDisks<Module>(
    options: GlobalOptions,
    load: () => Promise<Module>,
    work: (app: App, console: Console, module: Module) => Promise<ExitCode>,
  ): Promise<void>;
  /** The same for a command that wants the database as such. */
  withInventory(
    options: GlobalOptions,
    work: (inventory: Pick<OpenedApp, "url">, console: Console, signal: AbortSignal) => Promise<ExitCode>,
  ): Promise<void>;
  /** For a command that opens by itself what can be opened. */
  withStart(options: GlobalOptions, work: (start: Start, console: Console) => Promise<ExitCode>): Promise<void>;
  /** For a command that needs neither. */
  without(options: GlobalOptions, work: (console: Console) => Promise<ExitCode>): Promise<void>;
}
