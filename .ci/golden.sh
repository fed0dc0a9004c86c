#!/usr/bin/env bash
# Rewrites the golden files, and the examples in the documentation, of every
# package whose tests have the flag -update, and shows what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

packages=$(grep -rlE --include='*_test.go' 'flag\.Bool\("update"|perfmon/docs/docstest' . | xargs -r -n 1 dirname | sort -u)
[ -n "$packages" ] || { echo "no package has golden files" >&2; exit 1; }
# shellcheck disable=SC2086 # one word a package
"$go" test -count=1 $packages -update
echo "== what changed"
git --no-pager diff -- '*testdata*' docs packaging
git status --short -- '*testdata*' docs packaging
