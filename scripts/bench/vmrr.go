// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// vmrrs runs vmrr on the guest.
type vmrrs struct {
	o     options
	boot  float64 // CPU time of the latest plain run, s
	count uint64  // instructions of a recording; it hardly differs between those of a guest
}

// vmrrModes returns what vmrr is run as. Replays play what was recorded in the same
// round.
func vmrrModes(o options) []mode {
	v := &vmrrs{o: o}
	return []mode{
		{vmrrRun, true, []string{partSpeed, partSnapshots, partSizes}, v.run},
		{vmrrBare, true, []string{partSpeed}, v.recordBare},
		{vmrrRecord, true, []string{partSpeed, partSizes, partTravel}, v.record},
		{vmrrReplay, true, []string{partSpeed}, v.replay},
		{vmrrSave, true, []string{partSnapshots, partSizes}, v.save},
		{vmrrTravel, true, []string{partSnapshots}, v.travel},
		{vmrrDebug, true, []string{partTravel}, v.debug},
	}
}

// on returns a command with the options of the machine.
func (v *vmrrs) on(words ...string) []string {
	return append(append([]string{v.o.vmrr}, words...), "-m", v.o.memory, "-nographic",
		"-icount", fmt.Sprintf("shift=%d,sleep=off", v.o.shift), "-kernel", filepath.Join(v.o.guest, "vmlinuz"),
		"-initrd", filepath.Join(v.o.guest, "initrd.gz"), "-append", v.o.append)
}

func (v *vmrrs) measure(ctx context.Context, p process) result {
	r := p.measure(ctx, v.o.timeout)
	r.icount = v.count
	return r
}

func (v *vmrrs) run(ctx context.Context, _ string) result {
	r := v.measure(ctx, process{args: v.on("run")})
	v.boot = r.total.cpu
	return r
}

func (v *vmrrs) recordBare(ctx context.Context, dir string) result {
	recording := filepath.Join(dir, "bare")
	r := v.measure(ctx, process{args: v.on("record", "-o", recording, "--snapshot-every", "0")})
	return also(r, os.RemoveAll(recording))
}

func (v *vmrrs) record(ctx context.Context, dir string) result {
	recording := filepath.Join(dir, "recording")
	r := v.measure(ctx, process{args: v.on("record", "-o", recording)})
	if r.err != nil {
		return r
	}
	if v.count == 0 {
		v.count, r.err = recordedCount(ctx, v.o.vmrr, recording)
		r.icount = v.count
	}
	var err error
	r.sizes, err = sizesOf(recording)
	return also(r, err)
}

func (v *vmrrs) replay(ctx context.Context, dir string) result {
	return v.measure(ctx, process{args: []string{v.o.vmrr, "replay", filepath.Join(dir, "recording")}})
}

// savedPrefix begins the names of the snapshots that save takes.
const savedPrefix = "saved"

// save is a recorder in which a user saves snapshots.
func (v *vmrrs) save(ctx context.Context, dir string) result {
	recording, socket := filepath.Join(dir, "saved"), filepath.Join(dir, "save.sock")
	r := v.play(ctx, socket, v.on("record", "-o", recording), script{save: savedPrefix})
	if r.err != nil {
		return r
	}
	s, err := sizesOf(recording)
	r.both = s.snapshots
	if err == nil {
		r.named, err = namedSizes(ctx, v.o.vmrr, recording)
	}
	return also(r, err)
}

// travel goes back and forth in what save recorded.
func (v *vmrrs) travel(ctx context.Context, dir string) result {
	socket := filepath.Join(dir, "travel.sock")
	return v.play(ctx, socket, []string{v.o.vmrr, "replay", filepath.Join(dir, "saved")},
		script{kept: savedPrefix, save: "here", load: true, quit: true})
}

// debug goes back in what record recorded. Unpacking the kernel is most of it; a
// debugger is interested in what follows.
func (v *vmrrs) debug(ctx context.Context, dir string) result {
	mon, gdb := filepath.Join(dir, "debug.sock"), filepath.Join(dir, "gdb.sock")
	args := append([]string{v.o.vmrr, "replay", filepath.Join(dir, "recording"), "-S", "-gdb", "unix:" + gdb}, monitorAt(mon)...)
	t := tour{places: 40, seeks: 60, fars: 100, steps: 26, whole: true, from: unpacked, to: v.count}
	r := t.run(ctx, args, mon, gdb, v.o)
	if r.err != nil {
		return r
	}
	// What a replay has not run yet it has to translate first, forward as backward: the
	// way back is compared with another replay, which has not been there either, except for
	// what the ways before have in common.
	far := func(t trip) bool { return t.op == opFar }
	back := slices.DeleteFunc(slices.Clone(r.trips), func(t trip) bool { return !far(t) })
	if len(back) == 0 {
		return r
	}
	forward := tour{again: back}.run(ctx, args, mon, gdb, v.o)
	r.trips = append(slices.DeleteFunc(r.trips, far), forward.trips...)
	return also(r, forward.err)
}

// unpacked is the instruction from which on the guest's kernel is unpacked.
const unpacked = 4_700_000_000

// play runs vmrr and a script beside it.
func (v *vmrrs) play(ctx context.Context, socket string, args []string, s script) result {
	return s.run(ctx, process{args: append(args, monitorAt(socket)...)}, socket, v.boot, v.o)
}

func monitorAt(socket string) []string {
	return []string{"-monitor", "unix:" + socket + ",server=on,wait=off"}
}

// also fails a run that has not failed yet.
func also(r result, err error) result {
	if r.err == nil {
		r.err = err
	}
	return r
}

var endsAt = regexp.MustCompile(`(?m)^ends +at icount (\d+)`)

// recordedCount returns how many instructions a recording has.
func recordedCount(ctx context.Context, vmrr, dir string) (uint64, error) {
	out, err := output(ctx, vmrr, "info", dir)
	if err != nil {
		return 0, err
	}
	m := endsAt.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("vmrr info tells no instruction count:\n%s", out)
	}
	return strconv.ParseUint(string(m[1]), 10, 64)
}

// output runs a short command of vmrr.
func output(ctx context.Context, vmrr string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, vmrr, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("vmrr %s: %w", args[0], err)
	}
	return out, nil
}
