// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/gdbstub"
)

// debugger is the gdb server of a command, which may also be off.
type debugger struct {
	thread   *thread
	server   *gdbstub.Server // for all listeners, as it serves one gdb at a time
	leave    func()          // ends the command
	ctx      context.Context // of the command: when it ends, so does the server
	attached atomic.Bool
	moved    atomic.Bool // others have moved the machine since gdb was told last

	mu   sync.Mutex
	stop func() // ends the listener; nil if there is none
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

// serve lets gdb in, instead of where it was let in before.
func (d *debugger) serve(ln net.Listener) {
	ctx, cancel := context.WithCancel(d.ctx)
	d.replace(func() {
		cancel()
		ln.Close()
	})
	terminal.Say("gdb may connect: target remote %s", ln.Addr())
	go func() {
		if err := d.server.Serve(ctx, ln); err != nil {
			terminal.Say("%v", err)
		}
	}()
}

// serveAt serves on a device in QEMU's words; on "none" nowhere. A gdb that is
// attached loses its connection, and the machine stays as it is.
func (d *debugger) serveAt(device string) error {
	if device == "none" {
		d.replace(nil)
		return nil
	}
	addr, err := gdbstub.ParseAddress(device)
	if err != nil {
		return err
	}
	d.replace(nil) // it may be the same address
	ln, err := addr.Listen(d.ctx)
	if err != nil {
		return err
	}
	d.serve(ln)
	return nil
}

// replace ends the present listener; stop will end the next one.
func (d *debugger) replace(stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		d.stop()
	}
	d.stop = stop
}

// serving reports whether gdb may connect.
func (d *debugger) serving() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stop != nil
}

// attach is called when gdb connects: from now on the machine runs as gdb says.
func (d *debugger) attach() {
	d.attached.Store(true)
	d.moved.Store(false)
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

// movedByOthers is called when the machine is elsewhere, and not by gdb's doing: what
// gdb lets run stops there, and gdb is told as soon as it asks.
func (d *debugger) movedByOthers() {
	d.moved.Store(true)
	d.thread.callBack()
}
