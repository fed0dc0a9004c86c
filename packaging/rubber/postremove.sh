#!/bin/sh
# After the files have gone. What rubber remembers of its machines is in the
# engine's store, /var/lib/perfmon-engine, which other programs use as well: it
# stays, and a package that is put back finds its machines again.
set -e

case "$1" in
purge)
	rm -f /etc/systemd/system/*.wants/rubber.service
	# Workers that are processes of this machine have gone on until now. Nobody
	# will find them again, so they are asked to end.
	if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
		systemctl kill --signal=TERM rubber.service 2>/dev/null || true
	fi
	# Not the user: nobody can know what else it owns. The engine's store is
	# there for others too, so only what is rubber's alone goes.
	rm -rf /etc/rubber /var/lib/rubber
	if ! rmdir /var/lib/perfmon-engine 2>/dev/null && [ -d /var/lib/perfmon-engine ]; then
		echo "perfmon-rubber: /var/lib/perfmon-engine stays, with what rubber and others remember; if nobody else on this machine uses it, remove it"
	fi
	;;
remove | 0) ;;
*) exit 0 ;;
esac
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
