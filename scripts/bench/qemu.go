// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// qemus runs QEMU on the guest.
type qemus struct {
	o    options
	img  string  // qemu-img
	boot float64 // CPU time of the latest plain run, s
}

// qemuModes returns what QEMU is run as, nothing if it is not installed.
func qemuModes(o options) []mode {
	if o.qemu == "" {
		return nil
	}
	missing := func(what string) {
		fmt.Fprintf(os.Stderr, "bench: %s is not installed, so there is nothing to compare with; make bench-deps installs it\n", what)
	}
	qemu, err := exec.LookPath(o.qemu)
	if err != nil {
		missing(o.qemu)
		return nil
	}
	o.qemu = qemu
	q := &qemus{o: o}
	modes := []mode{
		{qemuRun, false, []string{partSpeed, partSnapshots, partSizes}, q.run},
		{qemuRecord, false, []string{partSpeed, partSizes}, q.record},
		{qemuReplay, false, []string{partSpeed}, q.replay},
	}
	if q.img, err = exec.LookPath("qemu-img"); err != nil {
		missing("qemu-img, for QEMU's snapshots,")
		return modes
	}
	return append(modes, mode{qemuTravel, false, []string{partSnapshots, partSizes}, q.travel},
		mode{qemuDebug, false, []string{partTravel}, q.debug})
}

// plain is how QEMU counts instructions without record and replay. Its record takes
// no sleep=off: with it QEMU 7.2 never finishes a boot.
func (q *qemus) plain() string { return fmt.Sprintf("shift=%d,sleep=off", q.o.shift) }

func (q *qemus) args(socket, icount string, more ...string) []string {
	args := []string{q.o.qemu, "-machine", "pc", "-m", q.o.memory, "-nographic", "-serial", "stdio", "-no-shutdown", "-net", "none",
		"-kernel", filepath.Join(q.o.guest, "vmlinuz"), "-initrd", filepath.Join(q.o.guest, "initrd.gz"), "-append", q.o.append,
		"-icount", icount}
	return append(append(args, monitorAt(socket)...), more...)
}

// toEnd runs the guest until it has powered off.
func (q *qemus) toEnd(ctx context.Context, dir, icount string) result {
	socket := filepath.Join(dir, "qemu.sock")
	os.Remove(socket)
	var count uint64
	p := process{args: q.args(socket, icount), atEnd: func(ctx context.Context) (err error) {
		count, err = qemuFinish(ctx, socket)
		return err
	}}
	r := p.measure(ctx, q.o.timeout)
	r.icount = count
	return r
}

func (q *qemus) run(ctx context.Context, dir string) result {
	r := q.toEnd(ctx, dir, q.plain())
	q.boot = r.total.cpu
	return r
}

func (q *qemus) rr(how, log string) string {
	return fmt.Sprintf("shift=%d,rr=%s,rrfile=%s", q.o.shift, how, log)
}

func (q *qemus) record(ctx context.Context, dir string) result {
	log := filepath.Join(dir, "qemu.rr")
	r := q.toEnd(ctx, dir, q.rr("record", log))
	var err error
	r.log, err = fileSize(log)
	return also(r, err)
}

func (q *qemus) replay(ctx context.Context, dir string) result {
	return q.toEnd(ctx, dir, q.rr("replay", filepath.Join(dir, "qemu.rr")))
}

// travel saves and loads in a plain run: in a replay QEMU 7.2 hangs at most loadvm.
// Its snapshots need a disk image.
func (q *qemus) travel(ctx context.Context, dir string) result {
	disk, socket := filepath.Join(dir, "snapshots.qcow2"), filepath.Join(dir, "qemu-travel.sock")
	if out, err := exec.CommandContext(ctx, q.img, "create", "-q", "-f", "qcow2", disk, "1G").CombinedOutput(); err != nil {
		return result{err: fmt.Errorf("qemu-img create: %w: %s", err, out)}
	}
	defer os.Remove(disk)
	p := process{args: q.args(socket, q.plain(), "-drive", "file="+disk+",if=none")}
	s := script{save: savedPrefix, load: true, quit: true, size: func() (int64, error) { return fileSize(disk) }}
	r := s.run(ctx, p, socket, q.boot, q.o)
	var err error
	r.both, err = fileSize(disk)
	return also(r, err)
}

// debug records and goes back in that. QEMU 7.2 deadlocks in its default machine, and
// without a disk image it cannot go back at all; each step of a replay deep in
// a boot begins at its start, so there are few.
func (q *qemus) debug(ctx context.Context, dir string) result {
	disk, log := filepath.Join(dir, "debug.qcow2"), filepath.Join(dir, "debug.rr")
	mon, gdb := filepath.Join(dir, "qemu-debug.sock"), filepath.Join(dir, "qemu-gdb.sock")
	if out, err := exec.CommandContext(ctx, q.img, "create", "-q", "-f", "qcow2", disk, "1G").CombinedOutput(); err != nil {
		return result{err: fmt.Errorf("qemu-img create: %w: %s", err, out)}
	}
	more := []string{"-drive", "file=" + disk + ",if=none,id=rr", "-global", "apic-common.vapic=off"}
	var count uint64
	p := process{args: q.args(mon, q.rr("record", log)+",rrsnapshot=init", more...), atEnd: func(ctx context.Context) (err error) {
		count, err = qemuFinish(ctx, mon)
		return err
	}}
	if r := p.measure(ctx, q.o.timeout); r.err != nil {
		return r
	}
	os.Remove(mon)
	args := q.args(mon, q.rr("replay", log)+",rrsnapshot=init", append(more, "-S", "-gdb", "unix:"+gdb+",server=on,wait=off")...)
	t := tour{places: 1, seeks: 1, steps: 3, from: unpacked, to: count, settles: true}
	r := t.run(ctx, args, mon, gdb, q.o)
	if r.err != nil && len(r.trips) > 0 {
		fmt.Fprintf(os.Stderr, "only %d operations: %v; ", len(r.trips), r.err)
		r.err = nil
	}
	return r
}

var qemuCount = regexp.MustCompile(`instruction count = (\d+)`)

// qemuFinish waits until the guest has powered off, asks for the instruction
// count, which QEMU tells in record and replay only, and ends QEMU.
func qemuFinish(ctx context.Context, socket string) (icount uint64, err error) {
	m, err := dialMonitor(ctx, socket)
	if err != nil {
		return 0, fmt.Errorf("asking QEMU: %w", err)
	}
	for {
		status, _, err := m.ask("info status")
		if err != nil {
			return 0, fmt.Errorf("asking QEMU: %w", err)
		}
		if strings.Contains(status, "shutdown") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	replay, _, err := m.ask("info replay")
	if err != nil {
		return 0, fmt.Errorf("asking QEMU: %w", err)
	}
	if found := qemuCount.FindStringSubmatch(replay); found != nil {
		icount, err = strconv.ParseUint(found[1], 10, 64)
	}
	m.quit()
	return icount, err
}
