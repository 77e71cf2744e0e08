# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench        vmrr and QEMU on the same guest; REPS=N for N rounds,
#                   BENCH=speed, snapshots or sizes for that alone
# make bench-deps   install QEMU

REPS ?= 5
BENCH ?=

.PHONY: bench bench-deps
bench: guests build
	go run ./scripts/bench -n $(REPS) -only "$(BENCH)"

bench-deps:
	scripts/setup bench
