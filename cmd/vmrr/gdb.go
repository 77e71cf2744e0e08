// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/timeline"
)

// gdbCommand is `vmrr gdb`.
func gdbCommand(ctx context.Context, out io.Writer, args []string) (err error) {
	var (
		o       replayOptions
		command string
	)
	own := &ownGDB{}
	f := newFlags(out, "gdb", "[DIR] [options] [-- GDB ARGS]",
		"Replays a recording, the latest if no DIR is given, and starts gdb, connected to it, with the kernel's\n"+
			"symbols and commands to go to and fro. gdb gets what follows --.")
	f.StringVar(&own.vmlinux, "vmlinux", "", "the recorded kernel with its debug information; without it, the symbols that the kernel has in itself are used")
	o.addStart(f)
	f.StringVar(&command, "gdb-command", "", "the gdb to start (default: $VMRR_GDB, gdb or gdb-multiarch)")
	o.devices.Add(f)
	o.policy.add(f, defaultMemory, "memory")
	f.Lookup("serial").Usage = "the guest's first serial port, and with a second -serial the second: none (the default), file:PATH, pty, " +
		"or a socket as for -monitor; gdb has the terminal"
	rest, err := parse(f, args, math.MaxInt)
	if err != nil {
		return err
	}
	words := len(rest)
	if n := f.ArgsLenAtDash(); n >= 0 {
		words = n
	}
	if words > 1 {
		return usagef("%q is one word too many; gdb's arguments go behind --", rest[1])
	}
	own.args = rest[words:]
	if !f.Changed("serial") {
		if err := f.Set("serial", "none"); err != nil {
			return err
		}
	}
	if own.path, err = findGDB(command); err != nil {
		return err
	}
	if own.vmlinux != "" {
		if own.vmlinux, err = filepath.Abs(own.vmlinux); err != nil {
			return fmt.Errorf("--vmlinux: %w", err)
		}
	}
	o.own = own
	return o.show(ctx, first(rest[:words]), nil)
}

// prepareGDB prepares all that gdb is given. The machine stands at its beginning, and
// again when it is done.
func (o *replayOptions) prepareGDB(ctx context.Context, rec *recordings.Recording, t *timeline.Timeline, table kernelTable) (err error) {
	if o.own.dir, err = os.MkdirTemp("", "vmrr-gdb-"); err != nil { // for its owner only
		return fmt.Errorf("making a directory for gdb: %w", err)
	}
	defer func() {
		if err != nil {
			o.own.close()
		}
	}()
	k := kernelSymbols{Recording: rec, timeline: t, table: table, ignore: o.ignore}
	here := t.Machine().Moment()
	about, load, err := k.prepare(ctx, o.own)
	if err != nil {
		return err
	}
	if t.Machine().Moment() != here {
		if err := o.comeBack(ctx, t); err != nil {
			return err
		}
	}
	return o.own.writeScript(banner(rec, t, about), load)
}

// comeBack goes where goTo went.
func (o *replayOptions) comeBack(ctx context.Context, t *timeline.Timeline) error {
	if o.snapshot == "" && o.start == "" {
		return seek(ctx, t, t.Begin().ICount)
	}
	return o.goTo(ctx, t)
}
