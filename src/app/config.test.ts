import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../model/errors.ts";
import { type Config, type ConfigOptions, loadConfig } from "./config.ts";
import { sampleConfig } from "./sample-config.ts";

interface Started extends ConfigOptions {
  /** Paths and texts of files in a fresh current folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Loads the config as if the program were started in a fresh folder, which stands as CWD in results. */
async function load({ files = {}, environment = {}, ...options }: Started): Promise<Config> {
  const cwd = await mkdtemp(join(tmpdir(), "onefold-config-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), text);
    }
    const absolute = Object.entries(environment).map(([name, value]) => [name, value.replace("CWD", cwd)] as const);
    const config = await loadConfig(options, { cwd, environment: Object.fromEntries(absolute) });
    return JSON.parse(JSON.stringify(config).replaceAll(cwd, "CWD")) as Config;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

const loadText = (text: string, options: Started = {}) => load({ ...options, files: { "onefold.toml": text } });

/** Every line of the error's message that tells a problem. */
async function problems(loading: Promise<Config>): Promise<string[]> {
  const error: unknown = await loading.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, "CONFIG_INVALID");
  assert.equal(error.exitCode, 2);
  return error.message.split("\n").filter((line) => !/has \d+ faults$/.test(line));
}

describe("a config file", () => {
  test("may say everything", async () => {
    const config = await loadText(`
      database = "postgres://onefold@nas/onefold"
      database-schema = "Photos"
      [archive]
      path = "archive"
      by-source = false
      [archive.layout]
      photo = "pictures/{yyyy}/{name}"
      [[source]]
      name = "disk"
      path = "/mnt/disk"
      mount = "required"
      exclude = ["**/cache/**"]
      [[source]]
      path = "../usb"
      [keep]
      rules = ["newest"]
      [czkawka]
      command = "/opt/czkawka_cli"
      [scan]
      exclude-junk = false
      threads = 3
    `);
    assert.equal(config.archive.layout.photo.template, "pictures/{yyyy}/{name}");
    assert.equal(config.archive.layout.other.template, "files/{dir}/{name}");
    const { layout: _, ...archive } = config.archive;
    assert.deepEqual(
      { ...config, archive },
      {
        file: "onefold.toml",
        database: "postgres://onefold@nas/onefold",
        databaseSchema: "Photos",
        archive: { path: "CWD/archive", bySource: false },
        sources: [
          { name: "disk", path: "/mnt/disk", mount: "required", exclude: ["**/cache/**"] },
          { name: "usb", path: `${tmpdir()}/usb`, mount: "auto", exclude: [] },
        ],
        keep: { rules: ["newest"] },
        czkawka: { command: "/opt/czkawka_cli" },
        scan: { excludeJunk: false, threads: 3, stallSeconds: 0 },
      },
    );
  });

  test("may say nothing", async () => {
    const { sources, database, databaseSchema, archive, keep, scan, file } = await load({});
    assert.deepEqual(
      { sources, database, databaseSchema, path: archive.path, bySource: archive.bySource, keep, scan, file },
      {
        sources: [],
        database: null,
        databaseSchema: null,
        path: null,
        bySource: true,
        keep: { rules: ["source-order", "oldest", "shortest-path"] },
        scan: { excludeJunk: true, threads: 0, stallSeconds: 0 },
        file: null,
      },
    );
  });

  test("as init writes it can be read", async () => {
    const config = await loadText(sampleConfig);
    assert.equal(config.archive.path, "/mnt/archive");
    assert.deepEqual(
      config.sources.map(({ name }) => name),
      ["backup-disk"],
    );
  });

  test("as init writes it can be read with every comment made a setting, and says the defaults", async () => {
    const settings = sampleConfig
      .replace(/^# (database|\[\[source\]\]\n# path).*\n/gm, "")
      .replace('# exclude = ["*', '# # ["*')
      .replace(/^# (\[?[a-z-]+(?:\.[a-z]+)?\]?(?: = .*)?)$/gm, "$1");
    const plain = await loadText(sampleConfig);
    assert.notEqual(settings, sampleConfig);
    assert.match(settings, /^\[archive\.layout\]\nphoto[\s\S]*^\[keep\]\nrules[\s\S]*^threads = 0$/m);
    assert.deepEqual(await loadText(settings), plain);
  });

  test("tells all problems at once, each with its key and line", async () => {
    const text = `databse = "x"
[archive]
path = ""
by_source = true
[archive.layout]
photo = "photos/{year}/{name}"
[[source]]
name = "nas"
path = "~/nas"
mount = "atuo"
[[source]]
name = "NAS"
exclude = [
  "fine",
  "a[b",
]
[keep]
rules = ["oldest", "biggest"]
[scan]
threads = 1000
exclude-junk = "yes"
`;
    const expected = [
      /^onefold.toml:1: databse: there is no such key; did you mean "database"\?$/,
      /^onefold.toml:3: archive.path: is empty$/,
      /^onefold.toml:4: archive.by_source: .*did you mean "by-source"\?$/,
      /^onefold.toml:6: archive.layout.photo: does not know the field \{year\}/,
      /^onefold.toml:9: source.path: begins with "~"/,
      /^onefold.toml:10: source.mount: expected one of "auto", .*got "atuo"; did you mean "auto"\?$/,
      /^onefold.toml:11: source.path: is missing$/,
      /^onefold.toml:12: source.name: "NAS" is the name of the source in line 8 already/,
      /^onefold.toml:15: source.exclude: has a `\[`/,
      /^onefold.toml:18: keep.rules: expected one of "source-order", .*got "biggest"$/,
      /^onefold.toml:20: scan.threads: must be at most 256, got 1000$/,
      /^onefold.toml:21: scan.exclude-junk: expected true or false, got "yes"$/,
    ];
    const found = await problems(loadText(text));
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [n, line] of expected.entries()) assert.match(found[n] ?? "", line);
  });

  test("that is no TOML is told with the line", async () => {
    assert.match((await problems(loadText("[archive]\npath = \n"))).join(), /^onefold.toml:2: this is no TOML: /);
  });

  const wrong: Record<string, RegExp> = {
    "source = 3": /:1: source: expected tables headed \[\[source\]\], got 3/,
    '[source]\npath = "/a"': /:1: source: expected tables headed \[\[source\]\], got a table/,
    'archive = "/a"': /:1: archive: expected a table, got "\/a"/,
    "[scan]\nthreads = 1.5": /:2: scan.threads: expected a whole number, got 1.5/,
    'database = "mysql://x"': /:1: database: must be a URL/,
    'database-schema = ""': /:1: database-schema: is empty/,
    'database-schema = "$user"': /:1: database-schema: must not be "\$user"/,
    'database-schema = "pg_temp"': /:1: database-schema: must not be "pg_temp"/,
    'database-schema = "a\\nb"': /:1: database-schema: must not hold control characters/,
    '[[source]]\npath = "/"': /:1: source.name: is missing, and the last part of the path makes no name/,
    '[[source]]\npath = "/a"\nname = "a/b"': /:3: source.name: must not hold a slash/,
    '[[source]]\npath = "/a"\nname = ".."': /:3: source.name: must not be/,
    '[[source]]\npath = "/a/x"\n[[source]]\npath = "/b/X"':
      /:3: source.name: "X" is the name of the source in line 1 already/,
    "[__proto__]\na = 1": /:1: __proto__: there is no such key/,
  };
  for (const [text, problem] of Object.entries(wrong)) {
    test(`refuses ${JSON.stringify(text)}`, async () => assert.match((await problems(loadText(text))).join(), problem));
  }
});

describe("the config file is looked for", () => {
  const naming = (name: string) => `database = "postgres://${name}"`;
  const files = {
    "named.toml": naming("named"),
    "variable.toml": naming("variable"),
    "onefold.toml": naming("here"),
    "xdg/onefold/onefold.toml": naming("xdg"),
    "home/.config/onefold/onefold.toml": naming("home"),
  };
  const { "onefold.toml": _, ...elsewhere } = files;
  const environment = { HOME: "CWD/home", XDG_CONFIG_HOME: "CWD/xdg" };

  test("first where --config says", async () => {
    const started = { files, config: "named.toml", environment: { ONEFOLD_CONFIG: "variable.toml" } };
    assert.equal((await load(started)).database, "postgres://named");
  });

  test("then where $ONEFOLD_CONFIG says", async () => {
    assert.equal(
      (await load({ files, environment: { ONEFOLD_CONFIG: "CWD/variable.toml" } })).database,
      "postgres://variable",
    );
  });

  test("then in the current folder", async () => {
    assert.equal(
      (await load({ files, environment: { ...environment, ONEFOLD_CONFIG: "" } })).database,
      "postgres://here",
    );
  });

  test("then in the user's settings", async () => {
    assert.equal((await load({ files: elsewhere, environment })).database, "postgres://xdg");
    const { HOME } = environment;
    assert.equal((await load({ files: elsewhere, environment: { HOME } })).database, "postgres://home");
  });

  test("one that was named and is not there is an error", async () => {
    assert.deepEqual(await problems(load({ files, config: "none.toml" })), ["none.toml: there is no such file"]);
    assert.match((await problems(load({ config: "/" }))).join(), /^\/: cannot be read \(EISDIR\)/);
  });
});

describe("the command line", () => {
  const text = '[archive]\npath = "/a"\nby-source = false\n[[source]]\npath = "/s"\n';

  test("takes the place of the file's sources and archive, and of nothing else", async () => {
    const config = await loadText(text, { source: ["disk", "usb=/mnt/usb", "./a=b"], archive: "there" });
    assert.deepEqual(
      config.sources.map(({ name, path }) => `${name} ${path}`),
      ["disk CWD/disk", "usb /mnt/usb", "a=b CWD/a=b"],
    );
    assert.equal(config.archive.path, "CWD/there");
    assert.equal(config.archive.bySource, false);
  });

  test("says which database, before the environment and the file", async () => {
    const environment = { ONEFOLD_DATABASE: "postgres://variable" };
    const database = 'database = "postgres://file"';
    assert.equal((await loadText(database, { environment })).database, "postgres://variable");
    assert.equal(
      (await loadText(database, { environment, database: "postgres://option" })).database,
      "postgres://option",
    );
  });

  test("and the environment say which schema, whichever the database", async () => {
    const schema = 'database-schema = "file"';
    assert.equal((await loadText(schema, { database: "postgres://option" })).databaseSchema, "file");
    assert.equal((await loadText(schema, { environment: { ONEFOLD_SCHEMA: "variable" } })).databaseSchema, "variable");
    assert.equal((await loadText(schema, { environment: { ONEFOLD_SCHEMA: "" } })).databaseSchema, "file");
    assert.deepEqual(await problems(load({ environment: { ONEFOLD_SCHEMA: "x".repeat(64) } })), [
      "$ONEFOLD_SCHEMA: is longer than 63 bytes: PostgreSQL would cut it off",
    ]);
  });

  test("is checked together with the file", async () => {
    const source = ["/x/disk", "/y/Disk", "/x/disk", "/", "..=/a", "n=", "n=~/a"];
    const found = await problems(loadText("threads = 1", { source, archive: "", database: "x" }));
    const expected = [
      /^onefold.toml:1: threads/,
      /^--source \/y\/Disk: "Disk" is the name of \/x\/disk already; write NAME=PATH/,
      /^--source \/x\/disk: this folder was named before/,
      /^--source \/: the last part of the path makes no name/,
      /^--source \.\.=\/a: the name must not be/,
      /^--source n=: the path is empty/,
      /^--source n=~\/a: the path begins with "~"/,
      /^--archive : the path is empty/,
      /^--database: must be a URL/,
    ];
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [n, line] of expected.entries()) assert.match(found[n] ?? "", line);
  });
});
