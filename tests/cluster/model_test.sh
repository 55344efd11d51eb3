#!/usr/bin/env bash
# Lets spin walk through every state of replication.pml, and through mutated models until it finds what is wrong.
set -euo pipefail

model=$(cd "$(dirname "$0")" && pwd)/replication.pml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Prints what the verifier says of the model, with the given macro defined.
verify() {
  spin -a ${1:+-D"$1"} "$model"
  gcc -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c
  # A run that has used up its epochs ends where it likes (-E).
  timeout 300 ./pan -E -m100000 -w22
}

report=$(verify "")
grep -q "errors: 0" <<<"$report" || { echo "the model breaks its promises:"; echo "$report"; spin -t -p "$model" | tail -60; exit 1; }
! grep -q "Search not completed\|max search depth" <<<"$report" || { echo "not all states were seen"; echo "$report"; exit 1; }
echo "no error in $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' <<<"$report") states"

for mutation in BREAK_SYNC BREAK_REMOVE BREAK_CUT BREAK_JOIN BREAK_LEARNER BREAK_EPOCH; do
  report=$(verify "$mutation")
  grep -q "assertion violated" <<<"$report" || { echo "$mutation was not found"; echo "$report"; exit 1; }
  echo "$mutation found"
done
