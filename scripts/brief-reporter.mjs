/**
 * A reporter for logs: what failed and why, what was skipped and why, what was
 * slow, and the counts; a passed test is only counted.
 */
import { relative } from "node:path";
import { inspect } from "node:util";

const slowMs = 10_000;

export default async function* briefReport(events) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const started = Date.now();
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, details, skip, todo } = data;
    const isSuite = details.type === "suite";
    if (type === "test:fail" && todo === undefined) {
      // A suite fails because of a test in it, which was told already.
      if (details.error?.failureType === "subtestsFailed") continue;
      count.failed++;
      yield `FAILED  ${placeOf(data)}: ${name}\n${indented(causeOf(details.error))}\n`;
    } else if (skip !== undefined) {
      count.skipped++;
      yield `skipped ${placeOf(data)}: ${name}${typeof skip === "string" ? ` (${skip})` : ""}\n`;
    } else if (!isSuite) {
      count.passed++;
      if (details.duration_ms > slowMs) yield `slow    ${placeOf(data)}: ${name} (${seconds(details.duration_ms)})\n`;
    }
  }
  yield `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds(Date.now() - started)}\n`;
}

function placeOf({ file, line }) {
  return file === undefined ? "?" : `${relative(process.cwd(), file)}${line === undefined ? "" : `:${line}`}`;
}

function causeOf(error) {
  return stackOf(error?.cause ?? error);
}

/** With what caused it: a property that does not hold says only there what was wrong. */
function stackOf(error) {
  if (typeof error?.stack !== "string") return inspect(error);
  return error.cause === undefined ? error.stack : `${error.stack}\ncaused by ${stackOf(error.cause)}`;
}

function indented(text) {
  return text.replace(/^/gm, "    ");
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
