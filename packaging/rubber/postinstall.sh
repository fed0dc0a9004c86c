#!/bin/sh
# After the files are in place. Debian says "configure" and the version that
# was configured before; rpm says how many of this package there are now.
set -e

case "$1" in
configure) if [ -n "$2" ]; then upgrade=yes; else upgrade=no; fi ;;
1) upgrade=no ;;
[2-9]*) upgrade=yes ;;
*) exit 0 ;; # abort-upgrade and the like change nothing
esac

# The user that it runs as, who owns the secrets beside its configuration, and
# what is remembered. It outlives the package, so it may be there already.
if ! getent passwd rubber >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/rubber --no-create-home --shell /usr/sbin/nologin rubber
fi
chown rubber:rubber /etc/rubber
chmod 750 /etc/rubber
for dir in /var/lib/rubber /var/lib/perfmon-engine; do
	# One that is there may be in use, and somebody else's.
	[ -e $dir ] || install -d -o rubber -g rubber -m 700 $dir
done

command -v systemctl >/dev/null 2>&1 || exit 0
booted=no
if [ -d /run/systemd/system ]; then
	booted=yes
	systemctl daemon-reload || true
fi
if [ "$upgrade" = no ]; then
	# Nobody can know which queues there are: the operator enables it.
	echo "perfmon-rubber: say in /etc/rubber/rubber.yaml which queues there are, then: rubber check && systemctl enable --now rubber"
elif [ "$booted" = yes ] && systemctl -q is-active rubber.service; then
	# Machines go on, and are found again.
	systemctl restart rubber.service || true
fi
