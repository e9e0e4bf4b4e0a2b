import { spawn } from "node:child_process";

/** What another program answered. */
export type Answer =
  | { readonly kind: "answered"; readonly status: number | null; readonly stdout: string; readonly stderr: string }
  /** It is not there, or may not be started. */
  | { readonly kind: "missing" }
  /** It did not end in time. */
  | { readonly kind: "silent" };

/** Asks a program; no shell is between us. */
export type Ask = (
  program: string,
  args: readonly string[],
  options?: { readonly timeoutMs?: number },
) => Promise<Answer>;

/** More is of no interest here. */
const longestAnswer = 1 << 20;

/**
 * @param environment Only what finds and loads programs is passed on; zfs lies where ordinary users do not look.
 */
export function askIn(environment: Readonly<Record<string, string | undefined>>): Ask {
  const path = [environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", "/usr/local/sbin:/usr/sbin:/sbin"].join(":");
  const passed = ["HOME", "LD_LIBRARY_PATH"].map((name) => [name, environment[name]] as const);
  const env = { ...Object.fromEntries(passed.filter(([, value]) => value !== undefined)), PATH: path, LC_ALL: "C" };
  return (program, args, { timeoutMs = 10_000 } = {}) => ask(program, args, env, timeoutMs);
}

/**
 * A program that hangs in the kernel, as on a share whose server is gone, cannot be ended by anybody:
 * it is left behind, and does not keep us.
 */
function ask(program: string, args: readonly string[], env: NodeJS.ProcessEnv, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: "/", env });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        if (said[stream].length < longestAnswer) said[stream] += text;
      });
    }
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve({ kind: "silent" });
    }, timeoutMs);
    child.once("error", () => {
      clearTimeout(limit);
      resolve({ kind: "missing" });
    });
    child.once("close", (status) => {
      clearTimeout(limit);
      resolve({ kind: "answered", status, ...said });
    });
  });
}
