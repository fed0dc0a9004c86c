#!/usr/bin/env bash
# Measures the agent beside its peers: see bench/ and docs/performance.md. The
# peers' Debian packages are installed if they are missing; those in Go are
# pinned in bench/go.mod. Arguments go to the program.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

case " $* " in
*" render "*) ;;
*) .ci/debian.sh gcc g++ python3 libexpat1-dev libxml2-dev libsimdjson-dev prometheus-node-exporter ;;
esac
cd bench
mkdir -p out
"$go" build -o out/bench .
exec out/bench "$@"
