#!/usr/bin/env bash
# Starts a real Nova of Debian's packages with its fake driver and runs the
# openstack cloud's tests against it, those with the build tag nova. With
# RECORD=yes it writes the answers into testdata, for make test.
#
# It is all in namespaces of its own: nothing listens on this machine, and
# nothing is left running when it ends, however it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
package=scaling/rubber/cloud/openstack

# Debian packages by name.
needed=(keystone glance-api placement-api nova-api nova-conductor nova-scheduler nova-compute)
needed+=(uwsgi-core uwsgi-plugin-python3 python3-pymysql mariadb-server rabbitmq-server iproute2 util-linux)

if [ "$(id -u)" -ne 0 ]; then
	echo "make nova makes namespaces and installs packages: run it as root" >&2
	exit 1
fi
# Services of packages are not to start by themselves.
policy=/usr/sbin/policy-rc.d made=
work=$(mktemp -d)
cleanup() {
	rm -rf "$work"
	[ -z "$made" ] || rm -f "$policy"
}
trap cleanup EXIT
if [ ! -e "$policy" ]; then
	made=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
.ci/debian.sh "${needed[@]}"

"$go" test -c -tags nova -o "$work/openstack.test" "./$package"
# The first process of the namespace is the shell; when it ends the kernel ends the others.
# shellcheck disable=SC2086,SC2016 # words of flags; expanded by the inner shell
unshare --net --pid --fork --mount --mount-proc --ipc --kill-child bash -c '
	set -euo pipefail
	ip link set lo up
	cd "$1"
	shift
	"$@"
' nova "$package" "$work/openstack.test" -test.run '^TestNova' -test.v -test.timeout 60m \
	-dir "$work" ${RECORD:+-record} ${TESTFLAGS:-}
