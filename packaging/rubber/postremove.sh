#!/bin/sh
# After the files have gone. What rubber remembers of its machines is in the
# engine's store, /var/lib/perfmon-engine, which other programs use as well: it
# stays, and a package that is put back finds its machines again.
set -e

case "$1" in
purge)
	rm -f /etc/systemd/system/*.wants/rubber.service
	# Not the user: nobody can know what else it owns. The engine's store is
	# there for others too, so only what is rubber's alone goes.
	rm -rf /etc/rubber /var/lib/rubber
	;;
remove | 0) ;;
*) exit 0 ;;
esac
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
