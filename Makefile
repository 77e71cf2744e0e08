# SPDX-License-Identifier: GPL-2.0-or-later

.DEFAULT_GOAL := build

# Git refuses to look at another user's checkout, and go then refuses to build:
# in that case, and without git, the binary goes without its revision.
ifeq ($(shell git rev-parse HEAD 2>/dev/null),)
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
endif

# setup and guests come first where a target names them; go parallelises itself.
.NOTPARALLEL:

include mk/setup.mk mk/guests.mk mk/go.mk mk/bench.mk mk/torture.mk

.PHONY: help demo clean
help:
	@echo "make           build bin/vmrr; needs what make setup installs"
	@echo "make demo      record a Linux boot, replay it, debug it backward with gdb"
	@echo "make test      everything: packages, test guests, build, lint, all tests"
	@echo "make bench     compare with QEMU, if it is installed; REPS=N rounds,"
	@echo "               BENCH=speed, snapshots or sizes alone"
	@echo "make bench-travel  how long a debugger waits that goes back, beside QEMU"
	@echo "make loaded    debug, while other processes keep all processors busy"
	@echo "make fuzz      INPUTS=N made-up inputs, a million if not said, to each fuzz target;"
	@echo "               FUZZ='gdbstub monitor': only those in these folders"
	@echo "make torture   kill, damage and travel at random for ten minutes"
	@echo "make lint      gofmt, go vet, staticcheck, and shellcheck if it is installed"
	@echo "make setup     install the Debian packages that are missing; says which"
	@echo "make guests    make the test guests; guests-update fetches current packages"
	@echo "make bench-deps  install QEMU for make bench"
	@echo "make clean     remove what was built; guests and cached packages stay"

# demo installs what is missing, then shows what vmrr does on a real kernel.
demo: setup guests build
	scripts/demo

clean:
	rm -rf bin build/bin
