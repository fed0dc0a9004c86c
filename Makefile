# The targets of perfmon. `make` alone lists them.
#
# Needed: Go, as new as go.mod says, and for the race detector a C compiler.

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME  ?= 10s
KILLS     ?= 200
NUMBERS   ?= 100000000
SEED      ?= 0
ROUNDS    ?= 5
ONLY      ?=
LISTEN    ?= 127.0.0.1:9789
RUNFLAGS  ?=
TESTFLAGS ?=
ROWS      ?= 40

# Folders that start with a dot are left out of ./..., so they are named.
ALL      := ./... ./.ci/structure ./.ci/mutants ./.ci/dashboards ./.ci/licences ./.ci/packages
COMMANDS := $(patsubst %/main.go,./%,$(wildcard cmd/*/main.go))
LDFLAGS  := -s -w -X main.version=$(VERSION)

# Nobody needs HTTP/2 of a port for metrics; it would be half a megabyte of each program.
TAGS     := nethttpomithttp2
export TAGS

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{split($$1, name, ":"); printf "  make %-12s %s\n", name[1], $$2}' Makefile

.PHONY: need-go need-cc
need-go:
	@GO="$(GO)" .ci/need go
need-cc: need-go
	@GO="$(GO)" .ci/need cc

.PHONY: build
build: need-go ## build the static binaries into bin/
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -buildvcs=false -trimpath -tags '$(TAGS)' -ldflags '$(LDFLAGS)' -o bin/ $(COMMANDS)

.PHONY: run
run: build ## run the agent on this host's /proc with the example triggers
	@mkdir -p run/state
	@echo 'metrics: http://$(LISTEN)/metrics (state in run/state, triggers in packaging/triggers, Ctrl-C ends it)'
	@exec bin/perfmon --source local --state-dir '$(CURDIR)/run/state' --triggers '$(CURDIR)/packaging/triggers' \
		--pid-file '$(CURDIR)/run/perfmon.pid' --api-socket '$(CURDIR)/run/perfmon.sock' \
		--web.listen-address '$(LISTEN)' $(RUNFLAGS)

.PHONY: demo
demo: build ## run rubber on this machine with jobs that come in waves, and look at its page
	@exec bin/rubber demo $(RUNFLAGS)

.PHONY: test
test: need-go $(if $(findstring -race,$(TESTFLAGS)),need-cc) ## run the tests of every package, and the structure checks
	$(GO) test -timeout 20m $(TESTFLAGS) $(ALL)
	cd bench && $(GO) test -timeout 20m $(TESTFLAGS) ./...

.PHONY: race
race: ## the same under the race detector
	@$(MAKE) test TESTFLAGS='-race $(TESTFLAGS)'

.PHONY: fuzz
fuzz: need-go ## run each fuzz target for FUZZTIME (10s)
	@GO="$(GO)" .ci/fuzz.sh $(FUZZTIME)

.PHONY: numbers
numbers: need-go ## decode and print NUMBERS (10⁸) random numbers and compare each with strconv, to the bit
	$(GO) test -count=1 -timeout 2h -run '^TestNumbers$$' -v ./rrd -numbers $(NUMBERS)
	$(GO) test -count=1 -timeout 2h -run '^TestRandomNumbers$$' -v ./monitor/metrics -numbers $(NUMBERS)

.PHONY: bench
bench: need-go ## measure the agent beside its peers in ROUNDS (5) rounds, all sections or ONLY some; installs what it needs
	@GO="$(GO)" .ci/bench.sh -rounds $(ROUNDS) -only "$(ONLY)"
	$(if $(ONLY),,$(GO) test -run '^$$' -bench Commit ./alarm/journal)

.PHONY: performance
performance: need-go ## put the figures of the last make bench into docs/performance.md
	@GO="$(GO)" .ci/bench.sh render

.PHONY: gobench
gobench: need-go ## run the benchmarks of each package
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: latency
latency: need-go ## measure how long a bad row takes to be an alarm: a real agent, 11 minutes (ROWS=40)
	$(GO) test -tags latency -count 1 -timeout 60m -parallel 4 -run '^TestRealLatency$$' -v ./cmd/perfmon -rows $(ROWS)

.PHONY: check
check: need-go ## format, vet, lint, import directions, package comments
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(ALL)
	$(GO) vet -tags integration,browser,latency,nova ./... ./.ci/dashboards ./.ci/packages
	$(GO) vet -tags system ./.ci/packages
	$(GO) tool staticcheck -tags integration,browser,latency,nova $(ALL)
	@staticcheck=$$($(GO) tool -n staticcheck); cd bench && $(GO) vet -tags integration ./... && $$staticcheck -tags integration ./...
	@for script in .ci/run .ci/need .ci/*.sh packaging/scripts/*.sh packaging/rubber/*.sh; do bash -n "$$script" || exit 1; done
	$(GO) test -count=1 ./.ci/structure

.PHONY: golden
golden: need-go ## rewrite the golden files and show what changed
	@GO="$(GO)" .ci/golden.sh

.PHONY: cover
cover: need-go ## measure how much of the code the tests reach
	@mkdir -p dist
	$(GO) test -coverprofile dist/cover.out -coverpkg ./... ./...
	$(GO) tool cover -html dist/cover.out -o dist/cover.html
	$(GO) tool cover -func dist/cover.out | tail -n 1
	@echo 'line by line: dist/cover.html'

.PHONY: mutants
mutants: need-go ## make mistakes in the trigger, the fold and the loop; a test has to notice each
	$(GO) run -buildvcs=false ./.ci/mutants

.PHONY: soak
soak: need-go ## 30 minutes against the simulator; memory has to stay level
	@GO="$(GO)" .ci/soak.sh

.PHONY: browser
browser: need-go ## tests of the page in a real Chromium, which it installs; PICTURES=folder keeps screenshots
	@GO="$(GO)" .ci/browser.sh

.PHONY: integration
integration: need-go ## tests with real processes; installs the Debian packages that they need
	@GO="$(GO)" .ci/integration.sh

.PHONY: nova
nova: need-go ## start a real Nova of Debian's packages with its fake driver, and test the openstack cloud against it; RECORD=yes keeps its answers
	@GO="$(GO)" .ci/nova.sh

.PHONY: kill
kill: need-go ## kill the agent KILLS (200) times among real servers; every sink's promise has to hold
	@mkdir -p run/kill
	@GO="$(GO)" .ci/integration.sh -v -timeout 60m -run '^TestKill$$' ./cmd/perfmon -kills $(KILLS) -seed $(SEED) -logs '$(CURDIR)/run/kill'

.PHONY: rubber-kill
rubber-kill: KILLS = 100
rubber-kill: need-go ## kill the controller of machines KILLS (100) times while it scales; no machine and no record may be lost
	$(GO) test -tags integration -count=1 -v -timeout 60m -run '^TestKill$$' ./scaling/rubber -kills $(KILLS) -seed $(SEED)

.PHONY: man
man: build ## write the manual pages and completions into dist/man
	@rm -rf dist/man
	SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}"; export SOURCE_DATE_EPOCH; \
		bin/perfmonctl generate dist/man && bin/perfmon --manual | gzip -9n >dist/man/perfmon.8.gz
	@echo 'read one with: man -l dist/man/perfmonctl.1.gz'

.PHONY: package
package: need-go ## build .deb and .rpm for amd64 and arm64 into dist/packages
	@GO="$(GO)" .ci/package.sh

.PHONY: system
system: need-go ## tests in a guest with systemd as its PID 1; needs root, installs what it needs
	@GO="$(GO)" .ci/system.sh

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf bin dist run
