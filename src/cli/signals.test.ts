import assert from "node:assert/strict";
import { test } from "node:test";
import { ExitCode } from "../model/errors.ts";
import { listenForInterruption } from "./signals.ts";

test("a second Ctrl-C that comes when all is put down already ends the program with the status of one, too", () => {
  const ended: ExitCode[] = [];
  {
    using _interruption = listenForInterruption(
      () => undefined,
      (status) => ended.push(status),
    );
    process.emit("SIGINT");
  }
  // Where nobody listened, the system would end the process, without any status.
  assert.ok(process.emit("SIGINT"), "nobody listens");

  assert.deepEqual(ended, [ExitCode.interrupted]);
});

test("who was not interrupted leaves nobody listening", () => {
  const before = process.listenerCount("SIGINT");
  listenForInterruption(
    () => undefined,
    () => undefined,
  )[Symbol.dispose]();

  assert.equal(process.listenerCount("SIGINT"), before);
});
