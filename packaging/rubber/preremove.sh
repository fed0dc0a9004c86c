#!/bin/sh
# Before the files go. Debian says "remove" or "upgrade"; rpm says how many of
# this package will be left. Machines stay: only somebody who still has rubber
# can let them go.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac
command -v systemctl >/dev/null 2>&1 || exit 0
if [ -d /run/systemd/system ]; then
	systemctl stop rubber.service || true
fi
# rpm knows no purge, and a link to a unit that has gone would be left.
if [ "$1" = 0 ]; then
	systemctl disable rubber.service >/dev/null 2>&1 || true
fi
