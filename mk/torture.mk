# SPDX-License-Identifier: GPL-2.0-or-later
#
# make torture   what make test does too, far more of it, in about ten minutes:
#                recorders killed at random instants, random travel in time
#                compared with a straight run, damage to every file of a recording
# make fuzz      INPUTS made-up inputs to each fuzz target, or to those in the folders
#                FUZZ alone
# make loaded    what a debugger does, by real gdb and at random, while other processes
#                keep all processors busy

.PHONY: torture fuzz loaded
torture: guests build
	go run ./scripts/torture -n 100
	go test ./timeline -count=1 -run TravelAtRandom -travels 2000 -seed $(shell date +%s)
	go test ./cmd/vmrr -count=1 -run DamagedAnywhere -flips 3000 -timeout 10m

loaded: guests build
	scripts/loaded go test ./gdbstub ./session -count=1
	scripts/loaded go test ./cmd/vmrr -count=1 -run 'TestScripts/(gdb|monitor)' -timeout 30m
	scripts/loaded go test ./timeline -count=1 -run TravelAtRandom -travels 500 -timeout 30m

INPUTS ?= 1000000
FUZZ ?=
fuzz:
	scripts/fuzz $(INPUTS) $(FUZZ)
