import { writeFile } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import { sampleConfig } from "../app/sample-config.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold init`: writes a commented config file; never over one that is there. */
export function initCommand({ without }: Workbench) {
  return withGlobalOptions(new Command("init"))
    .summary("write a commented config file")
    .argument("[file]", "where to", "onefold.toml")
    .addHelpText("after", exitStatus({ 0: "written", 2: "there is such a file already, or it cannot be written" }))
    .action((file, options) =>
      without(options, async (console) => {
        try {
          await writeFile(file, sampleConfig, { flag: "wx" });
        } catch (error) {
          throw cannotWrite(file, error);
        }
        if (console.json) await console.document({ file });
        else
          await console.line(
            `Wrote ${file}: name your sources and your archive in it, then try: onefold run --dry-run`,
          );
        return ExitCode.ok;
      }),
    );
}

function cannotWrite(file: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  const why = code === "EEXIST" ? "is there already" : `cannot be written (${code})`;
  return new AppError("CONFIG_NOT_WRITTEN", ExitCode.usage, `${file} ${why}`, {
    hint: "Name another file: onefold init FILE",
    cause: error,
  });
}
