// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"

	"github.com/vmrr/vmrr/gdbstub"
)

// debugger is the gdb server of a command, if it has one.
type debugger struct {
	thread   *thread
	ln       net.Listener
	attached atomic.Bool
	leave    context.CancelFunc // ends the command
}

// listen opens the server's address before the machine is built, so that one that
// is taken is an error at once. It returns nil without an error if none is wanted.
func (o *debugOptions) listen(ctx context.Context) (net.Listener, error) {
	addr, ok, err := o.address()
	if err != nil || !ok {
		return nil, err
	}
	ln, err := addr.Listen(ctx)
	if err != nil {
		return nil, fmt.Errorf("waiting for gdb: %w", err)
	}
	return ln, nil
}

// serve lets gdb at the target until ctx is cancelled.
func (d *debugger) serve(ctx context.Context, t gdbstub.Target) {
	fmt.Fprintf(os.Stderr, "vmrr: gdb may connect: target remote %s\r\n", d.ln.Addr())
	go func() {
		if err := (&gdbstub.Server{Target: t, Do: d.thread.do}).Serve(ctx, d.ln); err != nil {
			fmt.Fprintf(os.Stderr, "vmrr: %v\n", err)
		}
	}()
}

// attach is called when gdb connects: from now on the machine runs as gdb says.
func (d *debugger) attach() {
	d.attached.Store(true)
	d.thread.setRunning(false)
}

// detach is called when it leaves.
func (d *debugger) detach(how gdbstub.Departure) {
	d.attached.Store(false)
	switch how {
	case gdbstub.Detached:
		d.thread.setRunning(true)
	case gdbstub.Killed:
		d.leave()
	case gdbstub.Dropped:
		// The machine stays where it is, for a debugger that comes back.
	}
}
