/**
 * The process that serves a mount: started by mount.ts, told what to do over its channel, ended by closing that.
 *
 * It must not be the process of the test or the program under test: both make synchronous calls on the mount, and would
 * wait for themselves.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { CrashDisk } from "./crash-disk.ts";
import { CrashFiles } from "./crash-files.ts";
import { Faults, type Rule } from "./faults.ts";
import { FaultyFiles } from "./faulty-files.ts";
import type { FileSystem } from "./file-system.ts";
import { type Around, serveKernel } from "./kernel.ts";
import { PowerSwitch } from "./power-switch.ts";

/** What a mount is asked; every question gets one answer, in order. */
export type Question =
  | { readonly ask: "rules"; readonly rules: readonly Rule[] }
  | { readonly ask: "calls" }
  | { readonly ask: "freezeAt"; readonly change: number }
  | { readonly ask: "changes" | "thaw" }
  | { readonly ask: "crash"; readonly loses: number | "everything" }
  | { readonly ask: "flush" };

/** Sent without being asked: the mount stands; it has frozen. */
export type News = { readonly news: "mounted" | "frozen" };

export type Answer = { readonly answer: unknown } | News;

interface Served {
  readonly files: FileSystem;
  readonly around: Around;
  ask(question: Question): unknown;
}

const [kind, mountPoint = "", root = ""] = process.argv.slice(2);

function faulty(): Served {
  const files = new FaultyFiles(Buffer.from(root));
  const faults = new Faults();
  const ask = (question: Question) => {
    if (question.ask === "rules") faults.set(question.rules);
    return Object.fromEntries(faults.calls);
  };
  return { files, around: files.around(faults), ask };
}

function crashing(): Served {
  const disk = new CrashDisk();
  const files = new CrashFiles(disk);
  const power = new PowerSwitch(() => tell({ news: "frozen" }));
  const ask = (question: Question) => {
    if (question.ask === "freezeAt") power.freezeAt(question.change);
    if (question.ask === "thaw") power.on();
    if (question.ask === "flush") disk.flushAll();
    if (question.ask === "crash") {
      disk.crash(question.loses);
      files.forgetAll();
      power.on();
    }
    return power.changes;
  };
  return { files, around: power.around, ask };
}

/** Whether anybody still listens does not matter. */
const tell = (answer: Answer) => process.send?.(answer, () => undefined);

/** The child gets the open device as its descriptor 3, and the kernel ties the mount to it. */
async function mount(device: number): Promise<void> {
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0,allow_other";
  const line = ["-i", "-t", "fuse", "-o", options, `onefold-${kind}`, mountPoint];
  const child = spawn("mount", line, { stdio: ["ignore", "inherit", "inherit", device] });
  const [status] = await once(child, "exit");
  if (status !== 0) process.exit(1);
}

async function unmount(): Promise<void> {
  await once(spawn("umount", ["-l", mountPoint], { stdio: "ignore" }), "exit");
  process.exit(0);
}

const served = kind === "faulty" ? faulty() : crashing();
const device = openSync("/dev/fuse", "r+");
// Also when the test was killed.
process.on("disconnect", () => void unmount());
process.on("message", (question: Question) => tell({ answer: served.ask(question) ?? null }));
await mount(device);
await serveKernel(device, served.files, served.around, () => tell({ news: "mounted" }));
process.exit(0);
