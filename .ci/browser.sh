#!/usr/bin/env bash
# Runs the tests of the web pages in a real Chromium without a window: those
# with the build tag browser. Debian's package chromium is installed if
# there is none; CHROMIUM names another one.
#
# With PICTURES=folder it leaves pictures of all views there; with
# PICTURES=docs those that docs/web.md and docs/rubber.md show are taken anew.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
	[ -z "${CHROMIUM:-}" ] || { echo "CHROMIUM is $CHROMIUM, and there is no such program" >&2; exit 1; }
	echo "installing with apt-get: chromium"
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { echo "missing: chromium; install it, or run this as root" >&2; exit 1; }
		as_root=(sudo)
	fi
	"${as_root[@]}" apt-get -q update
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends chromium
fi

if [ -n "${PICTURES:-}" ]; then
	folder=$PICTURES
	[ "$folder" != docs ] || folder=$(mktemp -d)
	mkdir -p "$folder"
	PERFMON_PICTURES=$(cd "$folder" && pwd)
	export PERFMON_PICTURES
fi
"$go" test -tags browser -count=1 -timeout 10m ${TESTFLAGS:-} ./monitor/api/page ./scaling/rubber/api/page
if [ "${PICTURES:-}" = docs ]; then
	for name in now vm wall; do
		cp "$folder/$name-docs.png" "docs/img/page-$name.png"
	done
	for name in rubber-page rubber-page-profile; do
		cp "$folder/$name.png" "docs/img/$name.png"
	done
	rm -r "$folder"
fi
