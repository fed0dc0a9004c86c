#!/bin/sh
# After the files are in place. Debian says "configure" and the version that
# was configured before; rpm says how many of this package there are now.
set -e

service=perfmon-agent.service
socket=perfmon-agent.socket

case "$1" in
configure) if [ -n "$2" ]; then upgrade=yes; else upgrade=no; fi ;;
1) upgrade=no ;;
[2-9]*) upgrade=yes ;;
*) exit 0 ;; # abort-upgrade and the like change nothing
esac

command -v systemctl >/dev/null 2>&1 || exit 0
booted=no
if [ -d /run/systemd/system ]; then
	booted=yes
	systemctl daemon-reload || true
fi

if [ "$upgrade" = no ]; then
	# Started beside the stock daemon, ours would stop that one: taking over
	# is for the operator to say.
	for dir in /usr/lib/systemd/system /lib/systemd/system /etc/systemd/system; do
		if [ -f "$dir/perfmon.service" ]; then
			echo "perfmon-agent: the stock perfmon.service is left alone. 'perfmonctl takeover' puts the agent in its place."
			exit 0
		fi
	done
	systemctl enable $socket $service >/dev/null 2>&1 || true
fi

[ "$booted" = yes ] || exit 0
if systemctl -q is-active $service; then
	# The socket stays, so that what is sent meanwhile waits.
	systemctl restart $service || true
elif [ "$upgrade" = no ] || { [ "$1" = configure ] && systemctl -q is-enabled $service 2>/dev/null; }; then
	systemctl start $socket $service || true
	if [ "$upgrade" = no ]; then
		echo "perfmon-agent: 'perfmonctl status' says how the agent does."
	fi
fi
