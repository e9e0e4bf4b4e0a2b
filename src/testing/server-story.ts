import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { after } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Database, type DedicatedSession, sql } from "../inventory/database.ts";
import { type Household, household, summaryOf } from "./household.ts";
import type { Ended, Running, Summary } from "./onefold.ts";
import { startTestServer, type TestServer } from "./server.ts";
import type { Tree } from "./tree.ts";

/** The password of every role: it must be seen nowhere. */
export const canary = "canary-Qz81";
let running: Promise<TestServer> | null = null;
let stories = 0;

after(async () => {
  await (await running)?.[Symbol.asyncDispose]();
});

/** The one server of a test file, which goes away after it. */
export function sharedServer(): Promise<TestServer> {
  running ??= startTestServer();
  return running;
}

/** A household whose inventory is a database of the server, by a role that owns a schema of its name there. */
export interface Story extends AsyncDisposable {
  readonly home: Household;
  /** Of the role, and of its database. */
  readonly name: string;
  readonly url: string;
  /** By which commands find the server; the password is in ~/.pgpass. */
  readonly environment: Readonly<Record<string, string>>;
  start(args: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  run(): Promise<Summary>;
  /** As the administrator. */
  look(): Promise<Database>;
}

export async function story(sources: Tree): Promise<Story> {
  const server = await sharedServer();
  const home = await household(sources);
  const name = `story_${++stories}`;
  await server.execute(`create role ${name} login password '${canary}'`);
  await server.execute(`create database ${name}`);
  await server.execute(`create schema authorization ${name}`, name);
  await writeFile(home.path("home/.pgpass"), `127.0.0.1:${server.port}:*:${name}:${canary}\n`, { mode: 0o600 });
  const url = server.url(name, name);
  const environment = { ONEFOLD_DATABASE: url, NODE_OPTIONS: "--trace-deprecation" };
  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    home.start(args, { env: { ...environment, ...more } });
  return {
    home,
    name,
    url,
    environment,
    start,
    run: () => summaryOf(quiet(start(["run", "--json", ...home.places]).ended)),
    look: () => server.open(name),
    [Symbol.asyncDispose]: async () => {
      await home[Symbol.asyncDispose]();
      await server.execute(`drop database ${name} with (force)`);
      await server.execute(`drop owned by ${name}`);
      await server.execute(`drop role ${name}`);
    },
  };
}

/** Nobody was warned of anything. */
export async function quiet(ending: Promise<Ended>): Promise<Ended> {
  const ended = await ending;
  assert.equal(ended.stderr, "");
  return ended;
}

/** The command ended as a matter for later, or for somebody else, in one line and a hint. */
export function assertRefused({ status, signal, stdout, stderr }: Ended, code: string, expected = 5): void {
  assert.equal(signal, null);
  assert.match(stderr, new RegExp(`^error: .+ \\[${code}\\]\\n {2}hint: .+\\n$`));
  assert.equal(status, expected, stderr);
  assert.doesNotMatch(stdout + stderr, new RegExp(canary));
}

/** A program that does not end is killed, so that the test fails. */
export async function soon(running: Running): Promise<Ended> {
  const timer = setTimeout(() => running.child.kill("SIGKILL"), 30_000);
  const ended = await running.ended;
  clearTimeout(timer);
  return ended;
}

/** Nothing that was started for the household runs any more. */
export async function nothingRunsIn(home: Household): Promise<void> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")));
  assert.ok(!lines.some((line) => line.includes(home.path("state"))));
}

/** Keeps everybody out of a table until the session is closed or commits. */
export async function block(look: Database, table: string, mode = "access exclusive"): Promise<DedicatedSession> {
  const blocker = await look.session();
  await blocker.query(sql`begin`);
  await blocker.query({ text: `lock table ${table} in ${mode} mode`, values: [] });
  return blocker;
}

/** Waits until a statement of the program waits for a lock that the test holds. */
export async function untilBlocked(look: Database): Promise<void> {
  const blocked = sql`select from pg_stat_activity
    where application_name = 'onefold' and datname = current_database() and wait_event_type = 'Lock'`;
  for (let waitedMs = 0; (await look.query(blocked)).length === 0; waitedMs += 5) {
    if (waitedMs > 60_000) throw new Error("the program does not ask for what is locked");
    await delay(5);
  }
}
