import { readFile } from "node:fs/promises";
import { joinPath, type PathText, pathBytes, pathText } from "../model/path.ts";

/** A system call as it was made; its result is not looked at. */
export interface Call {
  readonly thread: number;
  /** "openat". */
  readonly name: string;
  /** All that it names, as it names them; of a file that is open, where it lies. */
  readonly paths: readonly PathText[];
  /** Whether it may change what is on the disk. */
  readonly changes: boolean;
}

/** What befalls one call, or every call from that one on. */
export interface Fault {
  /** "openat", or several: "write,pwrite64". */
  readonly call: string;
  /** Absolute; only calls that name one of these. null: whatever they name. */
  readonly paths: readonly PathText[] | null;
  /** Counted from 1, for each thread by itself. */
  readonly nth: number;
  readonly effect: Effect;
}

/**
 * "kill": the process dies instead of making the call. An error: the call is not made, and fails so. `claims`: it is not
 * made, and says that it did so many bytes.
 */
export type Effect =
  | { readonly do: "kill" }
  | { readonly do: "fail"; readonly error: string; readonly onward: boolean }
  | { readonly do: "claim"; readonly bytes: number };

const changing = new Set(
  `write pwrite64 writev pwritev fsync fdatasync link linkat unlink unlinkat rename renameat renameat2 mkdir mkdirat
   rmdir utimensat fchmod fchmodat chmod ftruncate truncate symlink symlinkat copy_file_range`.split(/\s+/),
);
const looking = `open openat read pread64 readv close statx newfstatat stat lstat fstat getdents64 readlink readlinkat
   access faccessat faccessat2 statfs fstatfs lseek sendfile`.split(/\s+/);

/** What goes before a command line to have it write down its calls that concern files. */
export function straceToCount(log: string): readonly string[] {
  // "?": not every machine has every one of them.
  const calls = [...changing, ...looking].map((name) => `?${name}`).join(",");
  return ["strace", "-f", "-qq", "-y", "-s", "1", "--seccomp-bpf", "-o", log, "-e", `trace=${calls}`];
}

/** What goes before a command line to have a fault befall it; {@link befell} then reads the log. */
export function straceToFail({ call, paths, nth, effect }: Fault, log: string): readonly string[] {
  const where = (paths ?? []).flatMap((path) => ["-P", pathBytes(path).toString()]);
  const what = {
    kill: () => "signal=SIGKILL",
    fail: () => `error=${"error" in effect ? effect.error : ""}`,
    claim: () => `retval=${"bytes" in effect ? effect.bytes : 0}`,
  }[effect.do]();
  const when = `${nth}${effect.do === "fail" && effect.onward ? "+" : ""}`;
  const inject = `inject=${call}:${what}:when=${when}`;
  // With it strace is told of these calls only, which is faster; but then it delivers no signals.
  const filter = effect.do === "kill" ? [] : ["--seccomp-bpf"];
  return ["strace", "-f", "-qq", "-s", "1", ...filter, "-o", log, ...where, "-e", `trace=${call}`, "-e", inject];
}

/** Whether the fault that was asked for has happened. */
export async function befell(log: string): Promise<boolean> {
  return /\+\+\+ killed by SIGKILL|\(INJECTED\)/.test(await readFile(log, "latin1"));
}

/** Whether strace can name the path: what is no UTF-8 cannot be said on a command line. */
export function canBeNamed(path: PathText): boolean {
  return !pathBytes(path).toString().includes("\ufffd");
}

/** The calls that a log of {@link straceToCount} tells, in the order in which they began. */
export async function readCalls(log: string): Promise<Call[]> {
  return (await readFile(log, "latin1")).split("\n").flatMap((line) => callIn(line) ?? []);
}

function callIn(line: string): Call | null {
  const [, thread, name, rest = ""] = /^(\d+) +(\w+)\((.*)$/s.exec(line) ?? [];
  if (thread === undefined || name === undefined) return null;
  return {
    thread: Number(thread),
    name,
    paths: pathsIn(rest),
    changes: changing.has(name) || rest.includes("O_CREAT"),
  };
}

/** `7</mnt/a>, "", …`, `AT_FDCWD</mnt>, "/mnt/a", …`, `"/mnt/a", "/mnt/b") = 0`. */
function pathsIn(rest: string): PathText[] {
  const [, open] = /^\d+<((?:[^>\\]|\\.)*)>/.exec(rest) ?? [];
  if (open !== undefined) {
    // A name in an open folder, or, mostly, what was read or written.
    const [, name] = /^\d+<[^>]*>, "([^"/\\.][^"]*)"/.exec(rest) ?? [];
    const isName = name !== undefined && /O_|AT_/.test(rest);
    return open.startsWith("/") ? [joinPath(unescaped(open), isName ? name : "")] : [];
  }
  return [...rest.matchAll(/"(\/(?:[^"\\]|\\.)*)"/g)].map(([, path = ""]) => unescaped(path));
}

/** strace writes as C does: \n, \", \303. */
function unescaped(text: string): PathText {
  const plain = text.replace(/\\([0-7]{1,3}|x[0-9a-f]{2}|.)/g, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    if (code.startsWith("x")) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f", a: "\x07", b: "\b" }[code] ?? code;
  });
  return pathText(Buffer.from(plain, "latin1"));
}
