#!/usr/bin/env bash
# Checkouts at full speed, the power goes, the node restarts: every acknowledged order is there exactly once, books
# balance, and the state equals a replay of the journal. With syncing switched off the same check must turn red.
. "$(dirname "$0")/lib.sh"

# A file system of our own can be cut off like a disk that loses power; without the rights for it only kill -9 is left.
can_cut=false
if [ "$(id -u)" = 0 ] && loop=$(losetup -f 2>/dev/null) && [ -e /dev/loop-control ]; then can_cut=true; fi
disk=
mount_disk() {
  mkdir -p "$work/mnt"
  if $can_cut; then
    [ -n "$disk" ] || { truncate -s 2G "$work/disk.img"; disk=$(losetup -f --show "$work/disk.img"); mkfs.ext4 -q "$disk"; }
    mount "$disk" "$work/mnt"
  fi
}
cleanup_more() {
  mountpoint -q "$work/mnt" 2>/dev/null && umount "$work/mnt"
  [ -z "$disk" ] || losetup -d "$disk"
}
cut_power() {
  if $can_cut; then
    # EXT4_IOC_SHUTDOWN with NOLOGFLUSH: what was not synced is gone.
    python3 -c 'import fcntl,os,struct,sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))' "$work/mnt"
  fi
  stop_server KILL
  if $can_cut; then umount "$work/mnt"; mount "$disk" "$work/mnt"; fi
}

round() {  # name: runs the bench through a power cut; its exit code is the verdict
  rm -rf "$work/mnt/data"
  start_server "$work/mnt/data"
  "$bench" run checkout --seconds 4 --warmup 0.5 --skus 500 --connections 64 --json "$work/$1.json" >"$work/$1.txt" 2>"$work/$1.err" &
  local load=$!
  sleep 3
  cut_power
  SOUK_FAILPOINTS='' start_server "$work/mnt/data"
  wait $load
}

mount_disk
if ! round synced; then cat "$work/synced.txt" "$work/synced.err" >&2; fail "acknowledged orders were lost or the books do not balance"; fi
grep -A4 'verdict' "$work/synced.txt"
[ "$(jq .verdict.acknowledged "$work/synced.json")" -gt 100 ] || fail "too few orders to prove anything"
[ "$(jq .verdict.resolved_unknown "$work/synced.json")" -gt 0 ] || fail "the cut interrupted nothing: it proved nothing"
stop_server TERM
"$souk" replay --data "$work/mnt/data" --json >"$work/replay.json" || fail "the state differs from a replay of the journal: $(cat "$work/replay.json")"
[ "$(jq '[.shards[] | select(.replayed_hash == null)] | length' "$work/replay.json")" = 0 ] || fail "a journal was trimmed: its replay proved nothing"
echo "the state of $(jq '.shards | length' "$work/replay.json") shards equals a replay of their journals"

if $can_cut; then
  export SOUK_FAILPOINTS=journal.unsynced=on
  if round unsynced; then fail "control: with syncing off nothing was lost, so this test cannot see a loss"; fi
  grep -q 'RED' "$work/unsynced.txt" || { cat "$work/unsynced.txt" "$work/unsynced.err" >&2; fail "control: no verdict"; }
  echo "control: with syncing off the verdict is red, as it must be ($(jq .verdict.violation_count "$work/unsynced.json") violations)"
else
  echo "skipped the control and the real power cut: they need root and a loop device; used kill -9"
fi
