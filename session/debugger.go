// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/vmrr/vmrr/gdbstub"
)

// debugger is the gdb server of a session, which may also be off.
type debugger struct {
	thread   *thread
	server   *gdbstub.Server                   // for all listeners, as it serves one gdb at a time
	quit     func()                            // ends the run
	atEnd    func() bool                       // the machine is where nothing follows; asked on its thread
	files    func(name string) ([]byte, error) // what gdb may read; nil: nothing
	ctx      context.Context                   // when it ends, so does the server
	attached atomic.Bool
	moved    atomic.Bool // others have moved the machine since gdb was told last

	mu   sync.Mutex
	at   net.Addr // where gdb may connect; nil if nowhere
	stop func()   // ends that
}

// serve lets gdb in, instead of where it was let in before, and says where.
func (d *debugger) serve(ln net.Listener) {
	d.serveQuietly(ln)
	slog.Info("gdb may connect: target remote " + ln.Addr().String())
}

// serveQuietly is serve for a gdb that knows where.
func (d *debugger) serveQuietly(ln net.Listener) {
	ctx, cancel := context.WithCancel(d.ctx)
	d.replace(ln.Addr(), func() {
		cancel()
		ln.Close()
	})
	go func() {
		if err := d.server.Serve(ctx, ln); err != nil {
			slog.Error("gdb is let in no more", "err", err)
		}
	}()
}

// serveAt serves on a device in QEMU's words; on "none" nowhere. A gdb that is
// attached loses its connection, and the machine stays as it is. If it cannot, gdb is
// served where it was.
func (d *debugger) serveAt(device string) error {
	if device == "none" {
		d.replace(nil, nil)
		return nil
	}
	addr, err := ParseGDB(device)
	if err != nil {
		return err
	}
	if addr.is(d.where()) {
		// To listen anew it would have to be closed first, and might not work then.
		d.server.Drop()
		return nil
	}
	ln, err := addr.Listen(d.ctx)
	if err != nil {
		return err
	}
	d.serve(ln)
	return nil
}

// replace ends the present listener; at is the next one, which stop will end.
func (d *debugger) replace(at net.Addr, stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		d.stop()
	}
	d.at, d.stop = at, stop
}

// where returns where gdb may connect; nil if nowhere.
func (d *debugger) where() net.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// attach is called when gdb connects: from now on the machine runs as gdb says.
func (d *debugger) attach() {
	d.attached.Store(true)
	d.moved.Store(false)
	d.thread.setStepping(false)
	d.thread.setRunning(false)
}

// detach is called when it leaves.
func (d *debugger) detach(how gdbstub.Departure) {
	d.attached.Store(false)
	switch how {
	case gdbstub.Detached:
		d.thread.setRunning(true)
	case gdbstub.Killed:
		d.quit()
	case gdbstub.Dropped:
		// The machine stays where it is, for a debugger that comes back. At the
		// end that may not be worth waiting for: the thread asks.
		if d.atEnd() {
			d.thread.setRunning(true)
		}
	}
}

// movedByOthers is called when the machine is elsewhere, and not by gdb's doing: what
// gdb lets run stops there, and gdb is told as soon as it asks.
func (d *debugger) movedByOthers() {
	d.moved.Store(true)
	d.thread.callBack()
}
