#!/usr/bin/env bash
# Runs the agent against the simulated toolstack (200 VMs, rows of 5 s, the
# demonstration's load, faults and restarts over and over) and demands that
# its resident memory at the end is within 5 % of what it was after a sixth
# of the time: minute 5 of 30. `.ci/soak.sh 6` is a short one.
#
# The memory of a minute is the median of its twelve samples, so that one
# garbage collection more or less does not decide.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
minutes=${1:-30}
early=$(((minutes + 5) / 6))
dir=$PWD/run/soak

fail() {
	echo "soak: $* (logs: run/soak)" >&2
	exit 1
}

command -v curl >/dev/null || fail "curl is missing: install it"
rm -rf "$dir" && mkdir -p "$dir" bin
: >"$dir/perfmon.log" # so that it can be looked into at once
CGO_ENABLED=0 "$go" build -buildvcs=false -trimpath -tags "${TAGS-nethttpomithttp2}" -o bin/ ./cmd/perfmon ./xapi/xapitest/xapisim

pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait' EXIT
bin/xapisim -dir "$dir/toolstack" -vms 200 -step 5 -script demo >"$dir/toolstack.log" 2>&1 &
pids+=($!)
# The simulator prints the flags that lead to it.
flags=
for _ in {1..100}; do
	flags=$(sed -n 's/.*\.\/cmd\/perfmon \(--.*\)/\1/p' "$dir/toolstack.log" | head -n 1)
	[ -n "$flags" ] && break
	sleep 0.1
done
[ -n "$flags" ] || fail "the simulator does not start"
# shellcheck disable=SC2086 # words of flags
bin/perfmon $flags --control-socket "@perfmon-soak-$$" --api-socket "$dir/api.sock" --pid-file "$dir/perfmon.pid" \
	--web.listen-address 127.0.0.1:0 2>"$dir/perfmon.log" &
agent=$!
pids+=("$agent")

# A port of its own: on a fixed one the page might be another agent's.
address=
for _ in {1..100}; do
	address=$(sed -n 's/.*Listening on.*address=\(127\.0\.0\.1:[0-9]*\).*/\1/p' "$dir/perfmon.log" | head -n 1)
	[ -n "$address" ] && break
	sleep 0.1
done
[ -n "$address" ] || fail "perfmon does not open its web port"

page() { curl -sf --max-time 5 "http://$address/metrics"; }
rss() { awk '$1 == "VmRSS:" {print $2}' "/proc/$agent/status"; }

echo "minute  resident_kB  polls  alarms"
for minute in $(seq "$minutes"); do
	samples=()
	for _ in {1..12}; do
		sleep 5
		kill -0 "$agent" 2>/dev/null || fail "perfmon ended in minute $minute: $(tail -n 1 "$dir/perfmon.log")"
		samples+=("$(rss)")
	done
	median=$(printf '%s\n' "${samples[@]}" | sort -n | sed -n 6p)
	polls=$(page | awk '/^perfmon_polls_total{result="ok"}/ {print $2}')
	alarms=$(page | awk '/^perfmon_alarms_total/ {n += $2} END {print n+0}')
	printf '%6d  %11d  %5d  %6d\n' "$minute" "$median" "$polls" "$alarms"
	[ "$minute" -eq "$early" ] && before=$median
	after=$median
done

[ "$polls" -ge $((minutes * 6)) ] || fail "only $polls good polls in $minutes minutes: the agent had hardly anything to do"
[ "$alarms" -gt 0 ] || fail "not one alarm in $minutes minutes"
awk -v a="$before" -v b="$after" -v x="$early" -v y="$minutes" 'BEGIN {
	d = 100 * (b - a) / a
	printf "resident memory: %d kB in minute %d, %d kB in minute %d, %+.1f %%\n", a, x, b, y, d
	exit d > 5 || d < -5
}' || fail "resident memory is not within 5 %"
