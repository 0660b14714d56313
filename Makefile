# Needs Go 1.26 or newer. Each target does its own set-up, or says what is missing. A backend in KEISAN_REQUIRE that has no
# device fails the tests, which would skip it otherwise.

CUDA = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/keisan/cuda
WITH_CUDA = CGO_CFLAGS="-O2 -g -I$(CUDA)/usr/include -DCL_TARGET_OPENCL_VERSION=120" LD_LIBRARY_PATH=$(CUDA)/usr/lib/x86_64-linux-gnu
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB = golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018
GOLICENSES = github.com/google/go-licenses@v1.6.0
SHELL = bash
export KEISAN_REQUIRE = cpu
.SHELLFLAGS = -eu -o pipefail -c
.DEFAULT_GOAL = help
$(if $(MAKECMDGOALS:help=),$(if $(shell command -v go),,$(error Go is missing: install 1.26 or newer, from https://go.dev/dl)))
.PHONY: help run test lint licences generated unit noasm nocgo race 386 opencl headers cuda gpu-check cross kubernetes browser generate fuzz
.PHONY: figures bench peers cover vulncheck images release

help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## train the digits and the speakers networks, then the text model for about a minute
	go run ./examples/digits
	go run ./examples/speakers
	go run ./examples/charlm

test: lint licences generated unit noasm nocgo race 386 cross kubernetes browser opencl ## everything that must hold, in every build that there is
	@echo "make test: all passed"

lint: ## formatting, vet and staticcheck
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "not gofmt-ed: $$bad"; exit 1; }
	go mod tidy -diff
	go vet ./...
	go vet -tags noasm ./...
	go run $(STATICCHECK) ./...

# Two that the tool does not know are linked into the examples, for their plots: svgo is under CC BY 4.0, and of freetype's two
# licences we take the FreeType License.
licences: ## everything that is linked is under a licence that asks for no more than to be named
	@mkdir -p out; GOFLAGS=-tags=cuda,opencl go run $(GOLICENSES) check ./... --allowed_licenses=MIT,BSD-2-Clause,BSD-3-Clause,Apache-2.0 --ignore github.com/ajstarks/svgo,github.com/golang/freetype 2>out/licences || { grep -i 'not allowed\|failed' out/licences || cat out/licences; exit 1; }

generated: ## what is generated is up to date
	@before=$$(sha256sum device/cpu/{gemm,vec}/*.{s,go}); \
	go generate ./device/cpu/gemm ./device/cpu/vec; \
	[ "$$before" = "$$(sha256sum device/cpu/{gemm,vec}/*.{s,go})" ] || { echo "the assembly was not up to date: commit what go generate made"; exit 1; }

unit: ## the tests, in the default build
	go test -timeout 30m ./...

noasm: ## the tests without assembly
	go test -short -timeout 30m -tags noasm ./...

nocgo: ## the tests without cgo
	CGO_ENABLED=0 go test -short -timeout 30m ./...

race: ## the tests under the race detector, which needs a C compiler
	@command -v gcc >/dev/null || .ci/packages gcc libc6-dev
	CGO_ENABLED=1 go test -short -timeout 30m -race ./...

386: ## the tests on a 32-bit processor
	GOARCH=386 go test -short -timeout 30m ./...

OPENCL = ocl-icd-opencl-dev opencl-headers pkg-config gcc libc6-dev
opencl: ## the OpenCL backend on PoCL and under Oclgrind; as root on Debian it installs what it needs
	@.ci/packages $(OPENCL) pocl-opencl-icd oclgrind
	go vet -tags opencl ./...
	go run $(STATICCHECK) -tags opencl ./device/...
	KEISAN_REQUIRE=cpu,opencl,oclgrind go test -short -timeout 30m -tags opencl ./device/opencl

headers: ## what CUDA and OpenCL are built against; as root on Debian it installs them, and downloads 0.8 GB once
	@.ci/packages $(OPENCL)
	@.ci/cuda $(CUDA)

cuda: headers ## the CUDA backend as far as no GPU is needed
	$(WITH_CUDA) go vet -tags cuda ./...
	$(WITH_CUDA) go vet -tags "cuda opencl" ./...
	$(WITH_CUDA) KEISAN_REQUIRE=cpu,nvrtc go test -short -timeout 60m -tags cuda ./device/cuda
	$(WITH_CUDA) go test -tags "cuda opencl" ./device/all

gpu-check: headers ## a bundle that tests and measures on a machine with a GPU: unpack it there, and start run
	$(WITH_CUDA) device/internal/gpucheck/bundle $(CUDA)/usr/lib/x86_64-linux-gnu out/gpu-check.tar.gz

cross: ## the other systems build
	GOOS=linux GOARCH=arm64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...
	GOOS=windows GOARCH=amd64 go vet ./...
	GOOS=js GOARCH=wasm go vet ./...

generate: ## make the assembly anew
	go generate ./...

fuzz: ## each fuzz target for half a minute
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime 30s $$package; \
		done; \
	done

bench: ## measure the devices there are, in about a minute
	go run ./cmd/devbench

figures: peers ## what this machine does, for docs/results and docs/performance.md; leave the machine alone meanwhile
	@mkdir -p docs/results
	bin/devbench -time 2s -json docs/results/$$(date -u +%F).json -md docs/results/$$(date -u +%F).md

peers: ## other libraries beside Keisan on the same cases; the first time it installs them, some gigabytes
	go build -o bin/devbench ./cmd/devbench
	bin/devbench peers -md docs/performance.md

kubernetes: ## the Kubernetes job is one, by Kubernetes' own types
	cd containers/kubernetes && go vet . && go test .

browser: ## devbench's page in a browser; as root on Debian it installs one
	@.ci/packages chromium
	KEISAN_REQUIRE=cpu,chromium go test -run Browser ./cmd/devbench/internal/report

# What is handed out is built and searched with the Go that Dockerfile names, whatever is installed.
release vulncheck images: export GOTOOLCHAIN = go$(shell sed -n 's/^ARG GO=.*golang:\([0-9.]*\).*/\1/p' Dockerfile)

# The database is a module of a version, so that the gate depends on the commit alone; VULNDB is to be raised before a release.
vulncheck: headers ## known vulnerabilities in what is called; today's with VULNDB=golang.org/x/vulndb@latest
	@go mod download $(VULNDB)
	$(WITH_CUDA) go run $(GOVULNCHECK) -tags cuda,opencl -db "file://$$(go list -m -f '{{.Dir}}' $(VULNDB))/data/osv" ./...

images: ## build every container image and run it, without a registry; as root on Debian it installs what it needs
	.ci/images

release: ## devbench for every system in out/release, with checksums, SBOMs and licences
	.ci/release out/release

cover: ## how much of the code the tests run
	@mkdir -p out
	go test -short -coverprofile=out/cover ./...
	@go tool cover -func=out/cover | tail -1
