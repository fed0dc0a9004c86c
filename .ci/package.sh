#!/usr/bin/env bash
# Builds the packages perfmon-agent and perfmon-rubber for Debian and rpm, amd64
# and arm64, into dist/packages, or OUT. The same commit makes the same bytes, wherever and
# whenever it is built: what they depend on is the source, the version of Go
# (go.mod names it), and the packager, which .ci/nfpm/go.mod pins by hash.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
out=${OUT:-dist/packages}
architectures=${ARCHITECTURES:-amd64 arm64}
compression=${COMPRESSION:-xz} # or gzip, which is larger and quicker
umask 022
export LC_ALL=C TZ=UTC

# The time of the source, not of the build.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# v1.2.3, or 3 commits after it, or, without a tag, so many commits at all.
# "~" and "-" are not for both kinds of package, "+" is.
version_of_source() {
	local described
	if described=$(git describe --tags --match 'v[0-9]*' --dirty=+dirty 2>/dev/null); then
		described=${described#v}
		echo "${described//-/+}"
	else
		echo "0.0.0+$(git rev-list --count HEAD).$(git describe --always --exclude '*' --dirty=+dirty)"
	fi
}
PACKAGE_VERSION=${PACKAGE_VERSION:-$(version_of_source)}
export PACKAGE_VERSION

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

"$go" -C .ci/nfpm build -buildvcs=false -trimpath -o "$work/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
"$go" build -buildvcs=false -trimpath -o "$work/licences" ./.ci/licences

# build GOARCH DIR
build() {
	mkdir -p "$2"
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 "$go" build -buildvcs=false -trimpath -tags "${TAGS-nethttpomithttp2}" \
		-ldflags "-s -w -X main.version=$PACKAGE_VERSION" -o "$2/" ./cmd/perfmon ./cmd/perfmonctl ./cmd/rubber
	# What the agent's file takes of dom0's memory is nearly all of it. What makes it grow by a quarter at
	# once is a package that calls methods by name, such as text/template: the linker then drops nothing.
	local size
	size=$(stat -c %s "$2/perfmon")
	if [ "$size" -gt 16000000 ]; then
		echo "package: perfmon for $1 has $size bytes; at most 16000000 are wanted: find out what made it grow" >&2
		exit 1
	fi
}

# What is the same for all architectures: from the programs of this machine.
build "$("$go" env GOHOSTARCH)" "$work/host"
common=$work/common
mkdir -p "$common/man/man1" "$common/man/man8"
"$work/host/perfmonctl" generate "$common/completions"
mv "$common"/completions/*.1.gz "$common/man/man1/"
"$work/host/perfmon" --manual | gzip -9n >"$common/man/man8/perfmon.8.gz"

rubber=$common/rubber
mkdir -p "$rubber/man1"
"$work/host/rubber" generate "$rubber/completions"
mv "$rubber"/completions/*.1.gz "$rubber/man1/"

mkdir -p "$common/share" "$common/doc"
cp packaging/perfmon.yaml "$common/share/"
for dir in triggers prometheus grafana; do
	[ ! -d "packaging/$dir" ] || cp -R "packaging/$dir" "$common/share/"
done
rm -rf "$common/share/prometheus/tests"
mkdir -p "$rubber/share"
cp -R packaging/rubber/rubber.yaml packaging/rubber/process.conf packaging/rubber/prometheus packaging/rubber/grafana "$rubber/share/"
rm -rf "$rubber/share/prometheus/tests"
# As in the source, so that the pages find each other.
mkdir "$common/doc/docs"
cp README.md "$common/doc/"
cp docs/*.md "$common/doc/docs/"
cp -R docs/img "$common/doc/docs/"
for licence in LICENSE* LICENCE* COPYING*; do
	[ ! -f "$licence" ] || cp "$licence" "$common/doc/"
done
cp -R "$common/doc" "$rubber/"
# Whatever umask and editor left them.
find "$common" -type d -exec chmod 755 {} +
find "$common" -type f -exec chmod 644 {} +

for ARCH in $architectures; do
	export ARCH STAGE=$work/$ARCH
	cp -R "$common" "$STAGE"
	build "$ARCH" "$STAGE/bin"
	"$work/licences" -go "$go" -arch "$ARCH" ./cmd/perfmon ./cmd/perfmonctl >"$STAGE/doc/copyright"
	"$work/licences" -go "$go" -arch "$ARCH" ./cmd/rubber >"$STAGE/rubber/doc/copyright"
	for program in perfmon perfmonctl rubber; do
		printf '%-12s %-6s %9d bytes\n' "$program" "$ARCH" "$(stat -c %s "$STAGE/bin/$program")"
	done
	# The time of directories is in the packages too.
	find "$STAGE" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	# nfpm reads variables in some places of its file and not in others.
	for package in packaging/nfpm.yaml packaging/rubber/nfpm.yaml; do
		sed -e "s|\${STAGE}|$STAGE|" -e "s|compression: xz|compression: $compression|" "$package" >"$work/nfpm.yaml"
		for kind in deb rpm; do
			"$work/nfpm" package --config "$work/nfpm.yaml" --packager $kind --target "$out" >"$work/log" ||
				{ cat "$work/log" >&2; exit 1; }
		done
	done
done
ls -l --time-style=+ "$out" | awk 'NR > 1 {printf "%9d bytes  %s\n", $5, $NF}'
