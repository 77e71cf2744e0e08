// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
)

// The parts that can be chosen.
const (
	partSpeed     = "speed"     // how long runs take
	partSnapshots = "snapshots" // how long savevm and loadvm take
	partSizes     = "sizes"     // what is on disk
	partTravel    = "travel"    // how long a debugger waits; only if it is chosen
)

var allParts = []string{partSpeed, partSnapshots, partSizes, partTravel}

// The names of the modes, as the tables show them.
const (
	vmrrRun    = "vmrr run"
	vmrrBare   = "vmrr record, no snapshots"
	vmrrRecord = "vmrr record"
	vmrrReplay = "vmrr replay"
	vmrrSave   = "vmrr record, savevm"
	vmrrTravel = "vmrr replay, savevm and loadvm"
	vmrrDebug  = "vmrr replay, gdb"
	qemuDebug  = "QEMU rr=replay, gdb"
	qemuRun    = "QEMU -icount"
	qemuRecord = "QEMU rr=record"
	qemuReplay = "QEMU rr=replay"
	qemuTravel = "QEMU -icount, savevm and loadvm"
)

// mode is one way to run the guest. The runs of a round are in the order of the
// modes: some need what an earlier one left in dir.
type mode struct {
	name  string
	ours  bool     // a failure is an error of vmrr and not only of the comparison
	parts []string // that need it
	run   func(ctx context.Context, dir string) result
}

// needed leaves the modes that a part needs; if none is chosen, all but travel's own.
func needed(modes []mode, part string) []mode {
	return slices.DeleteFunc(modes, func(m mode) bool {
		if part == "" {
			return slices.Equal(m.parts, []string{partTravel})
		}
		return !slices.Contains(m.parts, part)
	})
}

// run runs an emulator with a monitor at a socket and plays the script to it.
func (s script) run(ctx context.Context, p process, socket string, boot float64, o options) result {
	if boot == 0 {
		return result{err: fmt.Errorf("it is not known how long a boot takes: the plain run failed")}
	}
	var d *session
	p.quits = s.quit
	p.beside = func(ctx context.Context, pid int) (err error) {
		d, err = s.drive(ctx, socket, pid, boot)
		return err
	}
	r := p.measure(ctx, o.timeout)
	if d != nil {
		r.timings, r.named = d.timings, d.growth
	}
	return r
}

// run runs a replay with a monitor and a gdb server and goes on the tour.
func (t tour) run(ctx context.Context, args []string, monitorSocket, gdbSocket string, o options) result {
	var trips []trip
	p := process{args: args, quits: true, beside: func(ctx context.Context, _ int) (err error) {
		trips, err = t.drive(ctx, monitorSocket, gdbSocket)
		return err
	}}
	r := p.measure(ctx, o.timeout)
	r.trips = trips
	return r
}
