#!/usr/bin/env bash
# Runs each fuzz target of the project for a while: `.ci/fuzz.sh 10s`.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
time=${1:-10s}

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort)
[ -n "$targets" ] || { echo "no fuzz targets found" >&2; exit 1; }
echo "$(wc -l <<<"$targets") fuzz targets, $time each"
while IFS=: read -r file name; do
	name=${name#func }
	echo "== $(dirname "$file") $name"
	"$go" test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x "$(dirname "$file")" </dev/null
done <<<"$targets"
