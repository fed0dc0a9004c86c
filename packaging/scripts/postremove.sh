#!/bin/sh
# After the files have gone. What the agent remembers goes with Debian's
# "purge"; rpm knows none, so there it goes with the package.
set -e

case "$1" in
purge)
	# The units have gone, so systemctl cannot tell where they were wanted.
	for unit in perfmon-agent.service perfmon-agent.socket; do
		rm -f /etc/systemd/system/*.wants/$unit
	done
	# Those that enabling may have made, if nothing else is in them.
	for target in toolstack.target sockets.target; do
		rmdir "/etc/systemd/system/$target.wants" 2>/dev/null || true
	done
	rm -rf /etc/perfmon /var/lib/perfmon
	;;
0) rm -rf /var/lib/perfmon ;;
remove) ;;
*) exit 0 ;;
esac
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
