/** The file that `onefold init` writes: every key with its default, all but the paths as comments. */
export const sampleConfig = `# Configuration of onefold. Every key is optional but the paths;
# what stands behind a "#" is the default. Paths may be relative to this file's folder.

# Where onefold keeps its inventory. Without this key it starts a PostgreSQL of its own.
# database = "postgres://onefold@nas/onefold"

# The schema its tables live in, made if it is not there; without this key the first one on the role's search path.
# database-schema = "onefold"

[archive]
# The one tree that receives everything. The folder must exist.
path = "/mnt/archive"

# Also give every file of every source a hard link under its own path, below by-source/.
# by-source = true

# Where a content gets its entry. Fields: {yyyy} {yy} {mm} {dd} (when it was captured), {name},
# or {stem}.{ext}, {dir} (its folder in the source), {source}, {category}.
# [archive.layout]
# photo = "photos/{yyyy}/{mm}/{name}"
# video = "videos/{yyyy}/{mm}/{name}"
# audio = "audio/{dir}/{name}"
# other = "files/{dir}/{name}"

# The shares to gather, one block each; the one trusted most stands first. They are only read.
[[source]]
path = "/mnt/backup-disk"

# Its folder's name below by-source/; else the last part of the path.
# name = "backup-disk"

# "required": refuse to run unless something is mounted there;
# "auto": the same, once something was seen mounted there; "off": it is an ordinary folder.
# mount = "auto"

# What to leave out. "*" and "?" stand for parts of a name, "**" for any folders; a pattern without
# a slash holds at every depth, one that ends in a slash for folders only. Upper and lower case count.
# exclude = ["*.tmp", "**/cache/**", "/private/"]
# exclude = []

# [[source]]
# path = "/mnt/laptop"

# Which of several equal files gives the entry its name and time: rules are asked in order until one decides.
# There are: source-order, oldest, newest, shortest-path, longest-path, shortest-name, longest-name.
# [keep]
# rules = ["source-order", "oldest", "shortest-path"]

# For scan --engine czkawka: where the program is, if not on the search path.
# [czkawka]
# command = "czkawka_cli"

# [scan]
# Leave out what systems make for themselves (Thumbs.db, .DS_Store, @eaDir, $RECYCLE.BIN, …): it is listed, never archived.
# exclude-junk = true

# Files read at once; 0 leaves the number to onefold.
# threads = 0

# A share that gives no answer for so many seconds is left behind; 0: 120 for a share, 300 for a local disk.
# stall-seconds = 0
`;
