#!/usr/bin/env bash
# Runs the tests in a guest that boots a real systemd: the agent's package is
# installed there, takes over from a stand-in for the stock daemon, is upgraded,
# and purged. The guest has a network namespace of its own, with nothing in it but
# loopback. Its root, a small Debian, is kept in dist/system for the next time.
# Another guest has rubber, with machines that are processes. A third is walked
# through as docs/quickstart.md says; with UPDATE=yes that page gets what is
# printed there, and its pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
suite=bookworm
root=$PWD/dist/system/$suite

if [ "$(id -u)" -ne 0 ]; then
	echo "make system boots a guest: run it as root" >&2
	exit 1
fi
missing=()
for package in lxc debootstrap; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing with apt-get: ${missing[*]}"
	apt-get -q update
	DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"
fi
if [ ! -e "$root.done" ]; then
	echo "making a root in dist/system/$suite, once"
	rm -rf "$root"
	mkdir -p "$(dirname "$root")"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$suite" "$root" >"$root.log" ||
		{ tail -n 20 "$root.log" >&2; exit 1; }
	touch "$root.done"
fi
# Static, because it goes into the guest too.
# shellcheck disable=SC2086 # words of flags
CGO_ENABLED=0 "$go" test -tags system -count=1 -timeout 30m -v ${TESTFLAGS:-} ./.ci/packages \
	-run '^Test(Guest|RubberGuest|Quickstart|ParseWalk|Constant)$' -root "$root" ${UPDATE:+-update}
