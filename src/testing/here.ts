import { PassThrough } from "node:stream";
import { carryOut } from "../cli/program.ts";
import { type Ended, neutralSurroundings, type ProgramOptions } from "./onefold.ts";

/**
 * Runs the program in this process: half a second less than starting it. For what a test does many times, and which is
 * not itself what is tested.
 */
export async function onefoldHere(args: readonly string[], { cwd, env = {} }: ProgramOptions = {}): Promise<Ended> {
  const [out, err] = [new Listener(), new Listener()];
  const status = await carryOut(args, {
    environment: { ...neutralSurroundings(), ...env },
    cwd: cwd ?? process.cwd(),
    userId: process.geteuid?.() ?? -1,
    version: "0",
    out: out as unknown as NodeJS.WriteStream,
    err: err as unknown as NodeJS.WriteStream,
    exit: () => undefined,
  });
  return { status, signal: null, stdout: out.heard, stderr: err.heard };
}

/** Stands where the program expects its standard output. */
class Listener extends PassThrough {
  heard = "";

  constructor() {
    super({ encoding: "utf8" });
    this.on("data", (text: string) => {
      this.heard += text;
    });
  }
}
