# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench        vmrr and QEMU on the same guest; REPS=N for N rounds,
#                   BENCH=speed, snapshots or sizes for that alone
# make bench-travel how long a debugger waits that goes back, beside QEMU; 5 minutes
# make bench-deps   install QEMU

REPS ?= 5
BENCH ?=

.PHONY: bench bench-travel bench-deps
bench: guests build
	go run ./scripts/bench -n $(REPS) -only "$(BENCH)"

bench-travel: guests build
	go run ./scripts/bench -only travel -n 1 -timeout 5m

bench-deps:
	scripts/setup bench
