#!/bin/sh
# Builds the fuzz targets and runs each for SECONDS (default 60) on its corpus, as many at a time as there are cores.
# Exits non-zero if one crashed and leaves the input in build/fuzz/crashes/.
# Usage: deploy/fuzz.sh [SECONDS [TARGET...]]
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
cmake --preset fuzz >/dev/null
if [ $# -eq 0 ]; then
  set -- $(cd tests/fuzz && ls *_fuzz.cpp | sed 's/_fuzz\.cpp$//')
fi
ninja -C build/fuzz $(printf '%s_fuzz ' "$@")
mkdir -p build/fuzz/crashes build/fuzz/logs

# What was found before is kept next to the corpus and read again.
fuzz_one='
  target=$1 seconds=$2 found=build/fuzz/found/$1 log=build/fuzz/logs/$1.log
  mkdir -p "$found"
  if "build/fuzz/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$target-" "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1
  then
    echo "$target: nothing in $(sed -n "s/^stat::number_of_executed_units: *//p" "$log") runs"
  else
    echo "$target: FAILED, see $log"
    tail -n 40 "$log"
    exit 1
  fi'
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh -c "$fuzz_one" fuzz_one '{}' "$seconds"
