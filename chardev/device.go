// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// Device is an opened Socket or PTY. As in QEMU it serves one peer at a time: a
// second one's connection waits until the first is gone.
type Device struct {
	spec  Spec
	ln    net.Listener       // of a server
	first io.ReadWriteCloser // the peer that is there already
	name  string

	once  sync.Once
	slave *os.File // keeps a PTY alive while nobody has it open
}

// Open listens, connects or makes a pseudo-terminal. With Spec.Wait it returns when
// somebody has connected, or ctx is cancelled.
func Open(ctx context.Context, s Spec) (*Device, error) {
	d := &Device{spec: s, name: s.Address}
	fail := func(doing string, err error) (*Device, error) {
		d.Close()
		return nil, fmt.Errorf("%s for the character device %q: %w", doing, s.Word, err)
	}
	switch {
	case s.Kind == PTY:
		master, slave, err := openPTY()
		if err != nil {
			return fail("making a pseudo-terminal", err)
		}
		d.first, d.slave, d.name = master, slave, slave.Name()
	case s.Kind != Socket:
		panic("chardev: no Socket and no PTY: " + s.Word)
	case s.Server:
		ln, err := Listen(ctx, s.Network, s.Address)
		if err != nil {
			return fail("listening", err)
		}
		d.ln, d.name = ln, ln.Addr().String()
		if s.Wait {
			stop := context.AfterFunc(ctx, func() { ln.Close() })
			conn, err := ln.Accept()
			if !stop() { // that the listener was closed is no news
				err = context.Cause(ctx)
			}
			if err != nil {
				return fail("waiting for somebody to connect", err)
			}
			d.first = d.peer(conn)
		}
	default:
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, s.Network, s.Address)
		if err != nil {
			return fail("connecting", err)
		}
		d.first = d.peer(conn)
	}
	return d, nil
}

// Connected reports whether there is a peer before Serve: the one that was waited for
// or connected to, or a PTY, whose output waits for whoever opens it.
func (d *Device) Connected() bool { return d.first != nil }

// Name says where the device is: an address, or the pseudo-terminal's path.
func (d *Device) Name() string { return d.name }

// peer wraps a connection in what the device speaks.
func (d *Device) peer(conn net.Conn) io.ReadWriteCloser {
	patient := &impatient{conn}
	if d.spec.Telnet {
		return newTelnet(patient)
	}
	return patient
}

// again is how long a failed Accept waits for the next try: the host may be short
// of something for a moment.
const again = 100 * time.Millisecond

// Serve calls f for each peer, one after another, until ctx is cancelled or, if the
// device does not listen, the only peer has gone. f closes the connection.
func (d *Device) Serve(ctx context.Context, f func(context.Context, io.ReadWriteCloser)) {
	defer d.Close()
	defer context.AfterFunc(ctx, d.Close)()
	if d.first != nil {
		f(ctx, d.first)
	}
	for d.ln != nil && ctx.Err() == nil {
		conn, err := d.ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			slog.Warn("a connection was not accepted", "at", d.name, "err", err)
			time.Sleep(again)
		default:
			f(ctx, d.peer(conn))
		}
	}
}

// Close stops listening. A connection that is being served goes on.
func (d *Device) Close() {
	d.once.Do(func() {
		if d.ln != nil {
			d.ln.Close()
		}
		if d.slave != nil {
			d.slave.Close()
		}
	})
}

// patience is how long a peer may take to accept a piece of output.
const patience = 10 * time.Second

// impatient is a connection that fails when its peer does not read.
type impatient struct{ net.Conn }

func (c *impatient) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(patience))
	return c.Conn.Write(p)
}
