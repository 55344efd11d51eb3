#!/bin/sh
# Builds every fuzz target and runs each for SECONDS (default 60) on its corpus. Exits non-zero at the first crash and
# leaves the input in build/fuzz/crashes/. Usage: deploy/fuzz.sh [SECONDS [TARGET...]]
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
cmake --preset fuzz >/dev/null
if [ $# -eq 0 ]; then
  ninja -C build/fuzz fuzz_targets
  set -- $(cd tests/fuzz && ls *_fuzz.cpp | sed 's/_fuzz\.cpp$//')
else
  for target in "$@"; do ninja -C build/fuzz "${target}_fuzz"; done
fi
mkdir -p build/fuzz/crashes
for target in "$@"; do
  found=build/fuzz/found/$target
  mkdir -p "$found"
  echo "== $target for $seconds s"
  "build/fuzz/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/crashes/$target-" "$found" "tests/fuzz/corpus/$target"
done
