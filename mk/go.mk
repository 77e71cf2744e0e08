# SPDX-License-Identifier: GPL-2.0-or-later
#
# make build     bin/vmrr
# make lint      gofmt, go vet, staticcheck; shellcheck where there is one
# make test      setup, guests, build and lint, then every test

.PHONY: build lint test
build:
	go build -o bin/vmrr ./cmd/vmrr

lint:
	scripts/lint

# Tests that boot a kernel need the guests. A package's result is a line each.
test: setup guests build lint
	go test -timeout 20m ./...
