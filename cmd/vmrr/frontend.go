// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/monitor/qmp"
	"github.com/vmrr/vmrr/session"
)

// frontend is everything by which the outside meets the machine, but gdb: serial
// ports, monitors, and the devices that they are at.
type frontend struct {
	words   deviceWords
	opened  []opened
	ports   [serialPorts]port
	out     *sink // standard output
	files   []*sink
	restore func() // the terminal; nil if it was left alone

	// Set by serve.
	qmp      *qmp.Server
	shell    *monitor.Shell
	leave    context.CancelFunc
	serving  sync.WaitGroup
	ended    sync.Once
	operator atomic.Bool // the console's monitor has the keyboard
}

// opened is a device and who is at it.
type opened struct {
	*chardev.Device
	use  use
	unit int // of a serial port
}

// use says what a device is for.
type use string

const (
	useNothing use = ""
	useMonitor use = "monitor"
	useQMP     use = "QMP"
	useSerial  use = "serial port"
)

// port is one of the guest's serial ports.
type port struct {
	shown  uint64 // offset behind the last byte of output that was shown
	put    func(byte)
	outlet *chardev.Outlet // of a device
}

// openFrontend opens the devices, and waits for who is to connect first.
func openFrontend(ctx context.Context, words deviceWords) (*frontend, error) {
	f := &frontend{words: words, out: newSink("standard output", os.Stdout), leave: func() {}}
	if err := f.openAll(ctx); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *frontend) openAll(ctx context.Context) error {
	for i, s := range f.words.serial {
		if err := f.openPort(ctx, i, s); err != nil {
			return err
		}
	}
	for _, s := range f.words.monitors {
		if err := f.open(ctx, s, useMonitor, 0); err != nil {
			return err
		}
	}
	for _, s := range f.words.qmps {
		if err := f.open(ctx, s, useQMP, 0); err != nil {
			return err
		}
	}
	return nil
}

func (f *frontend) openPort(ctx context.Context, unit int, s chardev.Spec) error {
	p := &f.ports[unit]
	switch s.Kind {
	case chardev.Stdio:
		p.put = f.out.put
	case chardev.File:
		file, err := os.Create(s.Path)
		if err != nil {
			return fmt.Errorf("opening serial port %d: %w", unit, err)
		}
		sink := newSink(s.Path, file)
		f.files = append(f.files, sink)
		p.put = sink.put
	case chardev.Socket, chardev.PTY:
		p.outlet = chardev.NewOutlet()
		p.put = p.outlet.Put
		return f.open(ctx, s, useSerial, unit)
	}
	return nil
}

func (f *frontend) open(ctx context.Context, s chardev.Spec, u use, unit int) error {
	if s.Kind != chardev.Socket && s.Kind != chardev.PTY {
		return nil
	}
	if s.Wait {
		fmt.Fprintf(os.Stderr, "vmrr: waiting for somebody to connect to %s\n", s.Address)
	}
	d, err := chardev.Open(ctx, s)
	if err != nil {
		return err
	}
	if s.Kind == chardev.PTY {
		fmt.Fprintf(os.Stderr, "vmrr: the %s is at %s\n", u, d.Name())
	}
	f.opened = append(f.opened, opened{d, u, unit})
	return nil
}

// outputs shows what the guest sends to its serial ports, each byte once: a replay
// that passes the same instant again shows nothing anew.
func (f *frontend) outputs() pc.Outputs {
	return pc.Outputs{Serial: func(unit int, at uint64, b byte) {
		p := &f.ports[unit]
		if p.put == nil || at < p.shown {
			return
		}
		p.shown = at + 1
		p.put(b)
	}}
}

// hide keeps what the guest sends from being shown, until show: what is sent then
// is new.
func (f *frontend) hide() { f.showFrom(math.MaxUint64) }
func (f *frontend) show() { f.showFrom(0) }

func (f *frontend) showFrom(offset uint64) {
	for i := range f.ports {
		f.ports[i].shown = offset
	}
}

// service is what a frontend serves.
type service struct {
	session *session.Session
	quit    func()
	// push is nil in a replay, which takes no input; room is how many bytes a
	// serial port takes.
	push func(machine.Input)
	room func(unit int) int
}

// serve lets everybody in, until close.
func (f *frontend) serve(ctx context.Context, s service) error {
	ctx, f.leave = context.WithCancel(ctx)
	f.qmp = &qmp.Server{Monitor: s.session.Monitor, Do: s.session.Command}
	f.shell = &monitor.Shell{Monitor: s.session.Monitor, Do: s.session.Command}
	feed := func(unit int) *feeder {
		if s.push == nil {
			return nil
		}
		return &feeder{unit: uint8(unit), push: s.push, do: s.session.Do, room: func() int { return s.room(unit) }}
	}
	for _, d := range f.opened {
		f.serving.Go(func() {
			d.Serve(ctx, func(ctx context.Context, conn io.ReadWriteCloser) {
				switch d.use {
				case useMonitor:
					f.shell.Serve(ctx, conn)
				case useQMP:
					f.qmp.Serve(ctx, conn)
				case useSerial:
					f.servePort(ctx, d.unit, feed(d.unit), conn)
				}
			})
		})
	}
	return f.serveStdio(ctx, feed, s.quit)
}

// changed tells that the machine runs now, or does not. Nobody can start or stop it
// before serve.
func (f *frontend) changed(running bool) {
	f.qmp.Emit(map[bool]string{true: "RESUME", false: "STOP"}[running], nil)
}

// servePort connects a serial port to who is at its device.
func (f *frontend) servePort(ctx context.Context, unit int, to *feeder, conn io.ReadWriteCloser) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer f.ports[unit].outlet.Attach()()
	go func() {
		defer cancel()
		buf := make([]byte, chunk)
		for {
			n, err := conn.Read(buf)
			if n > 0 && to != nil {
				to.feed(ctx, buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	f.ports[unit].outlet.Drain(ctx, conn)
	conn.Close()
}

// serveStdio gives standard input to whom it is for.
func (f *frontend) serveStdio(ctx context.Context, feed func(int) *feeder, quit func()) error {
	use, unit := f.words.stdio()
	keys := keyboardThere()
	c := &console{guest: feed(unit), shell: f.shell, out: f.out, quit: quit, keys: keys, focus: f.operator.Store,
		escapes: f.words.console()}
	switch {
	case use == useNothing, isTerminal() && !keys:
		return nil // nobody wants it, or it belongs to the job in the foreground
	case use == useSerial && c.guest == nil && !c.escapes:
		return nil // nothing that is typed means anything
	case use == useQMP:
		f.serving.Go(func() { f.qmp.Serve(ctx, &standardIO{os.Stdin, f.out}) })
		return nil
	}
	if keys {
		var err error
		if f.restore, err = rawTerminal(!c.escapes); err != nil {
			return err
		}
	}
	if use == useMonitor {
		f.serving.Go(func() { f.shell.Serve(ctx, &standardIO{os.Stdin, f.out}) })
		return nil
	}
	go c.read(ctx, os.Stdin)
	return nil
}

// wanted reports whether somebody may want to do something with a machine that has
// come to its end.
func (f *frontend) wanted() bool { return f.words.monitored() || f.operator.Load() }

// shutdown tells who listens that the run ends, and why: once.
func (f *frontend) shutdown(guest bool, reason string) {
	f.ended.Do(func() {
		if f.qmp != nil {
			f.qmp.Emit("SHUTDOWN", struct {
				Guest  bool   `json:"guest"`
				Reason string `json:"reason"`
			}{guest, reason})
		}
	})
}

// farewell is how long those who are connected may take to read the last words.
const farewell = 2 * time.Second

// close ends all connections, gives the terminal back and reports whether all
// output could be written.
func (f *frontend) close() error {
	f.leave()
	for _, d := range f.opened {
		d.Close()
	}
	gone := make(chan struct{})
	go func() {
		f.serving.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(farewell):
	}
	if f.restore != nil {
		f.restore()
	}
	err := f.out.close()
	for _, s := range f.files {
		err = errors.Join(err, s.close())
	}
	return err
}
