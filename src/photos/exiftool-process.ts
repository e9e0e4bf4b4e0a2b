import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { ExifTool } from "exiftool-vendored";

export type ExiftoolAvailability =
  | { readonly available: true; readonly version: string }
  | { readonly available: false; readonly reason: string };

const taskTimeoutMs = 5 * 60_000; // 30 s, the default, is short for a film on a slow share
const spawnTimeoutMs = 60_000;

/** Tries exiftool and the perl it needs. Starts one short process: about 0.1 s. */
export async function exiftoolAvailable(): Promise<ExiftoolAvailability> {
  try {
    const { exiftoolPath } = await import("exiftool-vendored");
    // The small perl of some systems starts, but lacks modules that reading needs.
    const modules = ["-MTime::Local", "-MPOSIX", "-MEncode", "-MCompress::Zlib"];
    const { stdout } = await promisify(execFile)("perl", [...modules, await exiftoolPath(), "-ver"], {
      timeout: 30_000,
    });
    return { available: true, version: stdout.trim() };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const lines = String(error instanceof Error ? error.message : error).split("\n");
    // Below the command stand perl's own words; the command alone if it was silent.
    const [line = "", words = line] = lines.filter((one) => one.trim() !== "");
    return { available: false, reason: missing ? "perl is not installed" : `perl cannot run exiftool: ${words}` };
  }
}

/**
 * Loading the package takes 0.1 s and is seldom needed, so it waits until it is.
 *
 * @throws Error with the reason if exiftool cannot run here.
 */
export async function startLater(): Promise<ExifTool> {
  const { ExifTool, exiftoolPath } = await import("exiftool-vendored");
  const probed = await exiftoolAvailable();
  if (!probed.available) throw new Error(probed.reason);
  const script = await exiftoolPath();
  return new ExifTool({
    processFactory: () => startWatching(script),
    maxProcs: 1,
    taskTimeoutMillis: taskTimeoutMs,
    spawnTimeoutMillis: spawnTimeoutMs,
    taskRetries: 0,
    useMWG: false,
    geolocation: false,
  });
}

/**
 * exiftool waits for commands for ever, also when nobody is left to give any: each process that is killed would
 * leave it behind, looking for input a hundred times a second. So it gets a clock that ends it with its parent.
 */
async function startWatching(script: string): Promise<ChildProcess> {
  const stay = ["-stay_open", "True", "-@", "-"];
  const env = { PATH: process.env["PATH"], LANG: "C" };
  const child = spawn("perl", ["-e", endWithParent, String(process.pid), script, ...stay], {
    stdio: "pipe",
    detached: true, // Ctrl-C is ours to handle: exiftool must not die of it in the middle of an answer
    env,
  });
  // A failed start would otherwise end this process as an event that nobody listens to.
  await once(child, "spawn");
  return child;
}

// SA_RESTART: an interrupted read of its commands would end exiftool.
const endWithParent = `
  use POSIX ();
  my $parent = shift @ARGV;
  my $look = sub { exit 0 if getppid() != $parent; alarm 2 };
  my $action = POSIX::SigAction->new($look, POSIX::SigSet->new(), POSIX::SA_RESTART);
  $action->safe(1);
  POSIX::sigaction(POSIX::SIGALRM, $action);
  alarm 2;
  $0 = shift @ARGV;
  do $0;
  die $@ if $@;
`;

/** Bytes that the one process has read so far, from files and pipes; null if the system does not tell. */
export async function bytesReadBy(pids: readonly number[]): Promise<number | null> {
  const [pid, ...others] = pids;
  if (pid === undefined || others.length > 0) return null;
  const counts = await readFile(`/proc/${pid}/io`, "utf8").catch(() => "");
  const [, count] = /^rchar: (\d+)$/m.exec(counts) ?? [];
  return count === undefined ? null : Number(count);
}
