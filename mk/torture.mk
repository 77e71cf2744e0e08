# SPDX-License-Identifier: GPL-2.0-or-later
#
# make torture   what make test does too, far more of it, in about ten minutes:
#                recorders killed at random instants, random travel in time
#                compared with a straight run, damage to every file of a recording
# make fuzz      INPUTS made-up inputs to each fuzz target, or to those in the folders
#                FUZZ alone

.PHONY: torture fuzz
torture: guests build
	go run ./scripts/torture -n 100
	go test ./timeline -count=1 -run TravelAtRandom -travels 2000 -seed $(shell date +%s)
	go test ./cmd/vmrr -count=1 -run DamagedAnywhere -flips 3000 -timeout 10m

INPUTS ?= 1000000
FUZZ ?=
fuzz:
	scripts/fuzz $(INPUTS) $(FUZZ)
