#!/usr/bin/env bash
# Records what the duplicate finders that are installed here write about a small tree of odd names, as fixtures of
# src/imports/. Run it after a tool has changed (scripts/install-peers.sh installs them), look at the difference,
# and commit it. The version of each tool stands in the names of its files.
#
# All paths begin with /tmp/onefold-peers, so that recording again changes little. Files of another version stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fixtures=$PWD/src/imports/fixtures
tree=/tmp/onefold-peers
output=/tmp/onefold-peers.output
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

mkdir "$tree" "$output" # Fails if they are there: they may be somebody's.
trap 'rm -rf "$tree" "$output"' EXIT

# --- the tree: three groups, two empty files, one file without a duplicate ---

first() { printf 'first\n' >"$1"; }
mkdir -p "$tree/a/deep" "$tree/b" "$tree/raw" "$tree/empty folder"
first "$tree/a/plain.txt"
first "$tree/a/new"$'\n'"line.txt"
first "$tree/a/quote\"'s.txt"
first "$tree/a/back\\slash.txt"
first "$tree/a/emoji 😀.txt"
first "$tree/a/u"$'\xcc\x88'" NFD.txt"
first "$tree/a/ blank in front"
first "$tree/a/escape"$'\x1b'"[31m.txt"
first "$tree/a/separator"$'\x1f'".txt"
printf 'second, and longer\n' | tee "$tree/a/deep/second.txt" >"$tree/b/second copy.txt"
head -c 9000 /dev/zero | tr '\0' 'x' | tee "$tree/a/third.bin" >"$tree/b/third.bin"
ln "$tree/b/third.bin" "$tree/b/third, linked.bin"
: >"$tree/a/empty"
: >"$tree/b/empty, too"
printf 'unique\n' >"$tree/b/unique.txt"
# No UTF-8. czkawka stops writing its JSON there, jdupes never ends.
first "$tree/raw/byte"$'\xff'".txt"
first "$tree/raw/cut"$'\xe2\x82'".txt"
find "$tree" -exec touch --no-dereference --date=@1500000000.123456789 {} +

# --- the tools, which write down where they were started ---

cd "$output"

version() { # version TOOL
  "$1" --version 2>&1 </dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)*' | head -n 1
}

has() { # has TOOL
  if command -v "$1" >/dev/null; then
    as=$1-$(version "$1")
    as=${as/czkawka_cli/czkawka}
    echo "recording $as"
  else
    echo "there is no $1" && return 1
  fi
}

if has rdfind; then
  rdfind -dryrun true -outputname "$as.txt" "$tree/a" "$tree/b" "$tree/raw" >/dev/null
  rdfind -dryrun true -ignoreempty false -outputname "$as-empty.txt" "$tree/a" "$tree/b" "$tree/raw" >/dev/null
fi

if has rmlint; then
  rmlint -T df,ef,ed -o "json:$as.json" "$tree"
  rmlint -T df,ef -o "fdupes:$as-fdupes.txt" "$tree"
fi

if has jdupes; then
  jdupes --quiet --recurse --json "$tree/a" "$tree/b" >"$as.json"
  jdupes --quiet --recurse --size --hard-links --zero-match "$tree" >"$as-size.txt"
fi

if has fdupes; then
  fdupes --quiet --recurse "$tree" >"$as.txt"
  fdupes --quiet --recurse --size --time "$tree" >"$as-size-time.txt"
  fdupes --quiet --recurse --sameline "$tree" >"$as-sameline.txt"
  fdupes --quiet --recurse --sameline --size --time "$tree" >"$as-sameline-size-time.txt"
fi

if has czkawka_cli; then
  czkawka() { # czkawka ARGUMENT…, without its cache
    CZKAWKA_CACHE_PATH=$output/cache CZKAWKA_CONFIG_PATH=$output/cache czkawka_cli "$@" -W -N -M >/dev/null 2>&1
  }
  duplicates=(dup -m 1 -L -H -d "$tree/a" -d "$tree/b")
  for search in HASH SIZE NAME SIZE_NAME; do
    file=$as-$(tr 'A-Z_' 'a-z-' <<<"$search")
    czkawka "${duplicates[@]}" -s $search -C "$file.json" -f "$file.txt"
    czkawka "${duplicates[@]}" -s $search -r "$tree/b" -C "$file-reference.json" -f "$file-reference.txt"
  done
  czkawka "${duplicates[@]}" -s HASH -p "$as-hash-pretty.json"
  czkawka "${duplicates[@]}" -s HASH -t CRC32 -C "$as-crc32.json"
  czkawka "${duplicates[@]}" -s HASH -t XXH3 -C "$as-xxh3.json"
  czkawka "${duplicates[@]}" -s HASH -i 1 -C "$as-none.json" -f "$as-none.txt"
  czkawka "${duplicates[@]}" -s HASH -d "$tree/raw" -C "$as-cut.json" -f "$as-lossy.txt"
  czkawka big -d "$tree/a" -d "$tree/b" -C "$as-big.json" -f "$as-big.txt"
  czkawka empty-folders -d "$tree" -C "$as-empty-folders.json"
fi

if has fclones; then
  every=(group --min 0 --hidden --match-links "$tree")
  fclones "${every[@]}" --format json --hash-fn blake3 >"$as-blake3.json" 2>/dev/null
  fclones "${every[@]}" --format json >"$as-metro.json" 2>/dev/null
  fclones "${every[@]}" --format json --hash-fn sha256 >"$as-sha256.json" 2>/dev/null
  fclones "${every[@]}" --hash-fn blake3 >"$as-blake3.txt" 2>/dev/null
  fclones "${every[@]}" >"$as-metro.txt" 2>/dev/null
  fclones "${every[@]}" --format json --hash-fn blake3 --skip-content-hash >"$as-skip.json" 2>/dev/null
  fclones "${every[@]}" --format json --hash-fn blake3 --transform cat >"$as-transform.json" 2>/dev/null
fi

if has yadf; then yadf "$tree" >"$as.txt" 2>/dev/null; fi

mkdir -p "$fixtures"
find . -maxdepth 1 -type f -exec mv -t "$fixtures" {} +
