#!/usr/bin/env bash
# The proof can fail: each patch in `broken` breaks a copy of the program, and the proof must find it.
# Needs git and patch. Works in target/broken; prints a line for each patch, exits 1 when one was not found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work="${CARGO_TARGET_DIR:-target}/broken"
mkdir -p "$work"
work=$(cd "$work" && pwd)
missed=0
for change in tests/proof/broken/*.patch; do
  name=$(basename "$change" .patch)
  rm -rf "$work/source"
  mkdir -p "$work/source"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/source"
  patch --quiet --directory "$work/source" --strip 1 < "$change"
  (cd "$work/source" && CARGO_TARGET_DIR="$work/target" cargo build --quiet --locked --test proof)
  if (cd "$work/source" && CARGO_TARGET_DIR="$work/target" cargo test --quiet --locked --test proof) > "$work/$name.txt" 2>&1; then
    printf 'NOT FOUND  %s\n' "$name"
    missed=1
  else
    printf 'found      %s: %s\n' "$name" "$(grep -E '^(duplicates|losses|stuck):' "$work/$name.txt" | tr -s ' ' | tr '\n' ' ')"
  fi
done
exit "$missed"
