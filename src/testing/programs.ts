import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** A program of ours in a process of its own, which may be killed. */
export interface Program extends AsyncDisposable {
  /** Waits until it has written this to its standard output. */
  says(text: string): Promise<void>;
  /** As `kill -9` does: without any chance to tidy up. */
  kill(): Promise<void>;
}

/** @param code An ES module, as text; what it imports from us are URLs. */
export function startProgram(code: string): Program {
  const child = spawn(process.execPath, asModule(code), { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  const says = async (text: string) => {
    while (!said.includes(text)) {
      if (child.exitCode !== null) throw new Error(`the program ended without saying ${text}`);
      await Promise.race([once(child.stdout, "data"), exited]);
    }
  };
  return { says, kill, [Symbol.asyncDispose]: kill };
}

/** Whether system calls of a program can be made to fail here. */
export function hasStrace(): boolean {
  return spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
}

/** Runs a program whose system calls fail as strace's options say; what it wrote to its standard output. */
export function runWithFaults(faults: readonly string[], code: string): string {
  const options = ["-f", "-qq", "-o", "/dev/null", ...faults];
  const program = [process.execPath, ...asModule(code)];
  return spawnSync("strace", [...options, ...program], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
    .stdout;
}

/** Not --input-type: threads would inherit that, and refuse to start from a file. */
function asModule(code: string): string[] {
  return ["-e", `import(${JSON.stringify(`data:text/javascript,${encodeURIComponent(code)}`)})`];
}
