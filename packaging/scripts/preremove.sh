#!/bin/sh
# Before the files go. Debian says "remove" or "upgrade"; rpm says how many of
# this package will be left.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

# The host shall not be left without its stock daemon. If that fails the
# package stays, because what undoes the takeover is in it.
if [ -e /var/lib/perfmon/takeover ]; then
	perfmonctl takeover --undo
fi
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
	systemctl stop perfmon-agent.socket perfmon-agent.service || true
fi
# rpm knows no purge, and a link to a unit that has gone would be left.
if [ "$1" = 0 ] && command -v systemctl >/dev/null 2>&1; then
	systemctl disable perfmon-agent.socket perfmon-agent.service >/dev/null 2>&1 || true
fi
