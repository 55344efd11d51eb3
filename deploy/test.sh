#!/usr/bin/env bash
# Builds everything and runs every test. Ends with "N passed, M failed".
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0
failed=()

step() {  # name, command...
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
    printf '== %s: ok (%d s)\n' "$name" $((SECONDS - started))
  else
    failed+=("$name")
    printf '== %s: FAILED (%d s)\n' "$name" $((SECONDS - started))
  fi
}

cmake --preset release || exit 1
cmake --build --preset release || exit 1
step "unit and integration tests" ctest --preset release --timeout 900
for script in tests/faults/*_test.sh; do
  [ -e "$script" ] && step "$(basename "$script" .sh)" timeout 600 "$script"
done
[ -x deploy/fuzz.sh ] && step "fuzzing, short" deploy/fuzz.sh "${FUZZ_SECONDS:-10}"

printf '\n%d passed, %d failed\n' "$passed" "${#failed[@]}"
[ ${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "${failed[*]}"; exit 1; }
