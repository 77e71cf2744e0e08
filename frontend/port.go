// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/machine/pc"
)

// port is one of the guest's serial ports.
type port struct {
	shown  uint64 // offset behind the last byte of output that was shown
	put    func(byte)
	outlet *chardev.Outlet // of a device
}

func (f *Frontend) openPort(ctx context.Context, unit int, s chardev.Spec) error {
	p := &f.ports[unit]
	switch s.Kind {
	case chardev.Stdio:
		p.put = f.out.put
	case chardev.File:
		file, err := os.Create(s.Path)
		if err != nil {
			return fmt.Errorf("opening serial port %d: %w", unit, err)
		}
		sink := newSink(s.Path, file, func(err error) { sayLost(s.Path, err) })
		f.files = append(f.files, sink)
		p.put = sink.put
	case chardev.Socket, chardev.PTY:
		p.outlet = chardev.NewOutlet()
		p.put = p.outlet.Put
		if err := f.open(ctx, s, useSerial, unit); err != nil {
			return err
		}
		if f.opened[len(f.opened)-1].Connected() {
			p.outlet.Attach() // the machine begins before Serve
		}
	}
	return nil
}

// Outputs shows what the guest sends to its serial ports, each byte once: a replay
// that passes the same instant again shows nothing anew.
func (f *Frontend) Outputs() pc.Outputs {
	return pc.Outputs{Serial: func(unit int, at uint64, b byte) {
		p := &f.ports[unit]
		if p.put == nil || at < p.shown {
			return
		}
		p.shown = at + 1
		p.put(b)
	}}
}

// Hide keeps what the guest sends from being shown, until Show or ShowFrom. They are
// called on the machine's thread, or before Serve.
func (f *Frontend) Hide() {
	f.ShowFrom(func(int) uint64 { return math.MaxUint64 })
}

// Show makes all that the guest sends from now on new.
func (f *Frontend) Show() {
	f.ShowFrom(func(int) uint64 { return 0 })
}

// ShowFrom shows what the guest sends to a serial port from its offset on, and nothing
// of what comes before, whenever the machine passes there.
func (f *Frontend) ShowFrom(offset func(unit int) uint64) {
	for i := range f.ports {
		f.ports[i].shown = offset(i)
	}
}

// servePort connects a serial port to who is at its device.
func (f *Frontend) servePort(ctx context.Context, unit int, conn io.ReadWriteCloser) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.ports[unit].outlet.Attach()
	defer f.ports[unit].outlet.Detach()
	to := f.feed(unit)
	go func() {
		defer cancel()
		if to == nil {
			io.Copy(io.Discard, conn)
		} else {
			to.feedAll(ctx, conn)
		}
	}()
	f.ports[unit].outlet.Drain(ctx, conn)
	conn.Close()
}
