/** Writes results as duplicate finders do. */

/** A group as a test thinks of it, before a tool has written it. */
export interface WrittenGroup {
  readonly size: number;
  /** Of the content: 64 hex digits. */
  readonly hash: string;
  /** Seconds. */
  readonly modified: number;
  /** Absolute, as bytes. */
  readonly paths: readonly Buffer[];
}

type Writer = (groups: readonly WrittenGroup[]) => Buffer;

/** A document as each tool writes it. */
export const writers = {
  "czkawka by hash": (groups) =>
    concat(
      "{",
      separated(bySize(groups), ([size, same]) => concat(`"${size}":[`, separated(same, czkawkaGroup), "]")),
      "}",
    ),
  "czkawka by hash, with reference folders": (groups) =>
    concat(
      "{",
      separated(bySize(groups), ([size, same]) => concat(`"${size}":[`, separated(same, referencedGroup), "]")),
      "}",
    ),
  "czkawka 6.1, pretty": (groups) =>
    concat(
      "{\n",
      separated(
        bySize(groups),
        ([size, same]) => concat(`  "${size}": [\n`, separated(same, oldGroup), "\n  ]"),
        ",\n",
      ),
      "\n}",
    ),
  "entries with paths": (groups) =>
    concat('{\n  "name": "Duplicates",\n  "entries": [', separated(groups, listedGroup), "]\n}\n"),
  "czkawka 12 text": (groups) =>
    czkawkaText(groups, "] with reference paths [], excluded paths [", (path) => concat('"', path, '"')),
  "czkawka 7 text": (groups) =>
    czkawkaText(groups, "] with excluded directories [", (path) => Buffer.from(`"${rustDebug(path)}"`)),
  "czkawka 6.1 text": (groups) => czkawkaText(groups, "] with excluded directories [", (path) => path),
  "fclones json": (groups) =>
    concat(
      '{\n  "header": {"version": "0.35.0", "command": ["fclones", "group", "--hash-fn", "blake3", "/"]},\n  "groups": [',
      separated(groups, ({ size, hash, paths }) =>
        concat(
          `{"file_len": ${size}, "file_hash": "${hash}", "files": [`,
          separated(paths, (path) => Buffer.from(JSON.stringify(stfu8(path)))),
          "]}",
        ),
      ),
      "]}",
    ),
  "fclones text": (groups) =>
    concat(
      `# Report by fclones 0.35.0\n# Command: fclones group --hash-fn blake3 /\n# Total: 1 B (1 B) in 1 files in ${groups.length} groups\n`,
      ...groups.map(({ size, hash, paths }) =>
        Buffer.from(
          [`${hash}, ${size} B (1 B) * ${paths.length}:\n`, ...paths.map((path) => `    ${stfu8(path)}\n`)].join(""),
        ),
      ),
    ),
  rmlint: (groups) =>
    concat(
      '[\n{\n  "description": "rmlint json-dump of lint files",\n  "version": "2.9.0"\n}, ',
      ...groups.flatMap(({ size, hash, modified, paths }) =>
        paths.map((path) =>
          concat(
            '{\n  "type": "duplicate_file",\n  "checksum": "',
            hash,
            '",\n  "path": ',
            rawJson(path),
            `,\n  "size": ${size},\n  "mtime": ${modified}.25\n}, `,
          ),
        ),
      ),
      '{\n  "aborted": false,\n  "total_files": 1\n}]\n',
    ),
  jdupes: (groups) =>
    concat(
      '{\n  "jdupesVersion": "1.21.3",\n  "commandLine": "jdupes -j -r /",\n  "matchSets": [\n',
      separated(groups, ({ size, paths }) =>
        concat(
          `{ "fileSize": ${size}, "fileList": [`,
          separated(paths, (path) => concat('{ "filePath": ', asciiJson(path), " }")),
          "] }",
        ),
      ),
      "\n  ]\n}\n",
    ),
  rdfind: (groups) =>
    concat(
      "# Automatically generated\n# duptype id depth size device inode priority name\n",
      ...groups.flatMap(({ size, paths }, group) =>
        paths.map((path, n) => {
          const kind = n === 0 ? `FIRST_OCCURRENCE ${group + 1}` : `OUTSIDE_TREE -${group + 1}`;
          return concat(`DUPTYPE_${kind} 1 ${size} 65024 12345 5 `, path, "\n");
        }),
      ),
      "# end of file\n",
    ),
  fdupes: (groups) =>
    concat(...groups.flatMap(({ paths }) => [...paths.map((path) => concat(path, "\n")), Buffer.from("\n")])),
  "fdupes --size --time": (groups) =>
    concat(
      ...groups.flatMap(({ size, paths }) => [
        Buffer.from(size === 1 ? "1 byte each:\n" : `${size} bytes each:\n`),
        ...paths.map((path) => concat("2017-07-14 02:40 ", path, "\n")),
        Buffer.from("\n"),
      ]),
    ),
  "fdupes --sameline": (groups) =>
    concat(...groups.map(({ paths }) => concat(...paths.map((path) => concat(backslashed(path), " ")), "\n"))),
} satisfies Record<string, Writer>;

function concat(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

function separated<Item>(items: readonly Item[], write: (item: Item) => Buffer, separator = ","): Buffer {
  return concat(...items.flatMap((item, n) => (n === 0 ? [write(item)] : [separator, write(item)])));
}

/** czkawka's outer object has each size once, ascending. */
function bySize(groups: readonly WrittenGroup[]): readonly (readonly [number, readonly WrittenGroup[]])[] {
  const sizes = [...new Set(groups.map(({ size }) => size))];
  return sizes.map((size) => [size, groups.filter((group) => group.size === size)] as const);
}

function czkawkaGroup(group: WrittenGroup): Buffer {
  return concat(
    "[",
    separated(group.paths, (path) => czkawkaEntry(group, path)),
    "]",
  );
}

function referencedGroup(group: WrittenGroup): Buffer {
  const [first = Buffer.alloc(0), ...others] = group.paths;
  return concat(
    "[",
    czkawkaEntry(group, first),
    ",[",
    separated(others, (path) => czkawkaEntry(group, path)),
    "]]",
  );
}

function czkawkaEntry({ size, hash, modified }: WrittenGroup, path: Buffer): Buffer {
  return concat('{"path":', rawJson(path), `,"modified_date":${modified},"size":${size},"hash":"${hash}"}`);
}

function oldGroup({ size, hash, modified, paths }: WrittenGroup): Buffer {
  const entries = separated(paths, (path) =>
    concat(
      '{"path": ',
      rawJson(path),
      `, "size": ${size}, "modified_date": ${modified}, "hash": "${hash}", "symlink_info": null}`,
    ),
  );
  return concat("    [\n", entries, "]\n");
}

function listedGroup({ size, hash, paths }: WrittenGroup): Buffer {
  return concat(`{"size": ${size}, "hash": "${hash}", "paths": [`, separated(paths, rawJson), "]}");
}

function czkawkaText(groups: readonly WrittenGroup[], heading: string, write: (path: Buffer) => Buffer): Buffer {
  if (groups.length === 0)
    return concat(`Results of searching ["/"${heading}] and excluded items []\nNot found any duplicates.`);
  return concat(
    `Results of searching ["/"${heading}] and excluded items []\n`,
    `${"-".repeat(49)}Files with same hashes${"-".repeat(49)}\n`,
    `Found 12 duplicated files which in ${groups.length} groups which takes 1 KiB.\n`,
    ...groups.map(({ size, paths }) =>
      concat(
        `\n---- Size 1 KiB (${size}) - ${paths.length} files\n`,
        ...paths.map((path) => concat(write(path), "\n")),
      ),
    ),
  );
}

/** A JSON string with the bytes as they are; of control characters rmlint leaves one as it is. */
function rawJson(bytes: Buffer): Buffer {
  const parts = [...bytes].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return Buffer.of(0x5c, byte);
    return byte < 0x1f ? Buffer.from(`\\u${byte.toString(16).padStart(4, "0")}`) : Buffer.of(byte);
  });
  return concat('"', ...parts, '"');
}

/** As jdupes: all but ASCII as UTF-16 escapes. */
function asciiJson(bytes: Buffer): Buffer {
  const escaped = JSON.stringify(bytes.toString("utf8")).replace(
    /[^\x20-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return Buffer.from(escaped);
}

function stfu8(bytes: Buffer): string {
  return escaped(
    bytes,
    (byte) => ({ 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" })[byte] ?? `\\x${hex(byte).toUpperCase()}`,
    /[\x00-\x1f\x7f\\]/,
  );
}

function rustDebug(bytes: Buffer): string {
  const named: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\" };
  const text = escaped(
    bytes,
    (byte) => named[byte] ?? (byte < 0x80 ? `\\u{${byte.toString(16)}}` : `\\x${hex(byte).toUpperCase()}`),
    /[\x00-\x1f\x7f\\"]/,
  );
  return text.replace(/\p{M}/gu, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Valid UTF-8 as it is but for `special`, all else byte by byte. */
function escaped(bytes: Buffer, write: (byte: number) => string, special: RegExp): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = [4, 3, 2, 1].find((some) => isCharacter(bytes.subarray(at, at + some), some));
    const character = bytes.toString("utf8", at, at + (length ?? 1));
    text += length === undefined || special.test(character) ? write(bytes[at] ?? 0) : character;
    at += length ?? 1;
  }
  return text;
}

function isCharacter(bytes: Buffer, length: number): boolean {
  const text = bytes.toString("utf8");
  return bytes.length === length && [...text].length === 1 && Buffer.from(text).equals(bytes);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function backslashed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replace(/[ \\]/g, "\\$&"), "latin1");
}
