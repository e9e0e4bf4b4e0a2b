#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { leaveIfHung, leaveNow } from "./app/leave.ts";
import { carryOut } from "./cli/program.ts";

// Node cuts off what a pipe has not taken yet when a process exits: so the status is set, and the process ends by itself.
const status = await carryOut(process.argv.slice(2), {
  environment: process.env,
  cwd: process.cwd(),
  userId: process.geteuid?.() ?? -1,
  version: versionOf(new URL("../../package.json", import.meta.url)),
  out: process.stdout,
  err: process.stderr,
  exit: (now) => void leaveNow(now, (last) => process.exit(last)),
});
process.exitCode = status;
await leaveIfHung(status, [process.stdout, process.stderr]);

function versionOf(manifest: URL): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(manifest, "utf8"));
  return typeof version === "string" ? version : "unknown";
}
