#!/usr/bin/env bash
# Runs the tests that need real processes: those in files with the build tag
# integration. Debian packages that they need are installed if they are
# missing. With arguments it runs go test with these instead.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

# Debian packages by name.
needed=(prometheus prometheus-alertmanager rabbitmq-server rpm)

missing=()
for package in "${needed[@]}"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing with apt-get: ${missing[*]}"
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { echo "missing: ${missing[*]}; install them, or run this as root" >&2; exit 1; }
		as_root=(sudo)
	fi
	"${as_root[@]}" apt-get -q update
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"
fi

if [ $# -gt 0 ]; then
	# shellcheck disable=SC2086 # words of flags
	exec "$go" test -tags integration -count=1 ${TESTFLAGS:-} "$@"
fi

mapfile -t files < <(grep -rlE --include='*_test.go' '^//go:build .*\bintegration\b' .)
[ ${#files[@]} -gt 0 ] || { echo "no test has the build tag integration" >&2; exit 1; }
mapfile -t packages < <(dirname "${files[@]}" | sort -u)
# The other tests of these packages have had their turn in make test.
tests=$(sed -n 's/^func \(Test[A-Za-z0-9_]*\)(.*/\1/p' "${files[@]}" | grep -vx TestMain | paste -sd '|')
# shellcheck disable=SC2086 # words of flags
"$go" test -tags integration -run "^($tests)\$" -count=1 -timeout 20m ${TESTFLAGS:-} "${packages[@]}"
