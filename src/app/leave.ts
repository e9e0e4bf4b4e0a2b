import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { endThreads } from "../threads/thread.ts";

/** As far as we use it; the types of node leave it out. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
};

/** A thread that is not in a system call ends within milliseconds, on a machine that has the time. */
const graceMs = 20_000;

/**
 * Ends the process if threads hang in system calls, as on a share whose server is gone: node's own exit would wait for
 * them for ever. Returns if none does: then the process may end in the usual way.
 *
 * @param streams What was written to them gets out first, unless nobody reads it for twenty seconds.
 */
export async function leaveIfHung(status: number, streams: readonly Writable[]): Promise<void> {
  if ((await endThreads(graceMs)) === 0) return;
  await Promise.all(streams.map(drained));
  await exitWithoutThreads(status);
}

/** Ends the process now, whatever its threads do. */
export async function leaveNow(status: number, exit: (status: number) => void): Promise<void> {
  if ((await endThreads(graceMs)) > 0) await exitWithoutThreads(status);
  exit(status);
}

async function drained(stream: Writable): Promise<void> {
  for (let waitedMs = 0; stream.writableLength > 0 && waitedMs < graceMs; waitedMs += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * `process.exit` joins every worker thread first (Environment::stop_sub_worker_contexts), so it hangs with them. The
 * `proc_exit` of a WASI module calls exit(3) of libc, which does not: 40 of 40 times with a hung thread. With threads
 * that run JavaScript it crashes, so they must have ended. A call of node:fs/promises that hangs keeps even exit(3):
 * then the process is killed from outside, and its status tells no more than that.
 */
async function exitWithoutThreads(status: number): Promise<void> {
  const kill = `setTimeout(() => process.kill(${process.pid}, "SIGKILL"), 3000)`;
  spawn(process.execPath, ["--eval", kill], { stdio: "ignore", detached: true }).unref();
  // That WASI is experimental is no news for the user.
  process.removeAllListeners("warning");
  const { WASI } = await import("node:wasi");
  const wasi = new WASI({ version: "preview1", returnOnExit: false });
  const compiled = await WebAssembly.compile(exitModule(status));
  wasi.start(await WebAssembly.instantiate(compiled, { wasi_snapshot_preview1: wasi.wasiImport }));
}

/** (module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 0)
 *   (func (export "_start") (call 0 (i32.const STATUS)))) */
function exitModule(status: number): Uint8Array<ArrayBuffer> {
  // A signed number of variable length: two bytes hold every exit status.
  const number = [(status & 0x7f) | 0x80, (status >> 7) & 0x7f];
  const section = (id: number, ...content: readonly number[]) => [id, content.length, ...content];
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0),
    ...section(2, 1, ...name("wasi_snapshot_preview1"), ...name("proc_exit"), 0, 0),
    ...section(3, 1, 1),
    ...section(5, 1, 0, 0),
    ...section(7, 2, ...name("memory"), 2, 0, ...name("_start"), 0, 1),
    ...section(10, 1, 7, 0, 0x41, ...number, 0x10, 0, 0x0b),
  ]);
}
