#!/usr/bin/env bash
# Runs the tests that need real processes: those in files with the build tag
# integration. Debian packages that they need are installed if they are
# missing. With arguments it runs go test with these instead.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

# Debian packages by name.
needed=(prometheus prometheus-alertmanager rabbitmq-server libvirt-daemon python3-celery rpm curl zstd)
# What judges the seeds of machines.
needed+=(cloud-init xorriso)
# The peers in the benchmark, whose drivers are held to one checksum.
needed+=(gcc g++ python3 libexpat1-dev libxml2-dev libsimdjson-dev)

.ci/debian.sh "${needed[@]}"

if [ $# -gt 0 ]; then
	# shellcheck disable=SC2086 # words of flags
	exec "$go" test -tags integration -count=1 ${TESTFLAGS:-} "$@"
fi

mapfile -t files < <(grep -rlE --include='*_test.go' --exclude-dir=bench '^//go:build .*\bintegration\b' .)
[ ${#files[@]} -gt 0 ] || { echo "no test has the build tag integration" >&2; exit 1; }
mapfile -t packages < <(dirname "${files[@]}" | sort -u)
# The other tests of these packages have had their turn in make test.
tests=$(sed -n 's/^func \(Test[A-Za-z0-9_]*\)(.*/\1/p' "${files[@]}" | grep -vx TestMain | paste -sd '|')
# shellcheck disable=SC2086 # words of flags
"$go" test -tags integration -run "^($tests)\$" -count=1 -timeout 40m ${TESTFLAGS:-} "${packages[@]}"
# A module of its own.
# shellcheck disable=SC2086 # words of flags
cd bench && "$go" test -tags integration -count=1 -timeout 10m ${TESTFLAGS:-} ./...
