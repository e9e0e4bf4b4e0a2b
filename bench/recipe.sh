#!/usr/bin/env bash
# The job by hand, as guides tell it: czkawka finds the duplicates, cp copies one of each, rdfind links what is left.
#
#   recipe.sh ARCHIVE SCRATCH SOURCE…
set -euo pipefail
archive=$1 scratch=$2
shift 2

folders=()
for source in "$@"; do folders+=(-d "$source"); done
czkawka_cli dup -m 1 -N -M -W -C "$scratch/duplicates.json" "${folders[@]}"

# All files but the copies: a list with NULs, since names may hold anything else.
node "$KEEP_ONE" "$scratch/duplicates.json" "$@" >"$scratch/keep"
cd /
xargs -0 --no-run-if-empty --arg-file="$scratch/keep" cp -a --parents -t "$archive"

rdfind -makehardlinks true -makeresultsfile false "$archive"
