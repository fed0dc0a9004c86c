#!/bin/sh
# Before the files of the rpm are in place: their owner.
set -e

if ! getent passwd rubber >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/rubber --no-create-home --shell /usr/sbin/nologin rubber
fi
