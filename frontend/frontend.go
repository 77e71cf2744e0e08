// SPDX-License-Identifier: GPL-2.0-or-later

// Package frontend is everything by which the outside meets a machine, but gdb: its
// serial ports, the monitors, the console, and the devices that they are at.
package frontend

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/monitor/qmp"
)

// Frontend is what the outside has of a machine.
type Frontend struct {
	words   Words
	opened  []opened
	ports   [serialPorts]port
	out     *sink // standard output
	files   []*sink
	restore func() // the terminal; nil if it was left alone

	// Set by Serve.
	service  Service
	qmp      atomic.Pointer[qmp.Server] // gdb may start the machine before Serve
	shell    *monitor.Shell
	leave    context.CancelFunc
	serving  sync.WaitGroup
	ended    sync.Once
	operator atomic.Bool // the console's monitor has the keyboard
	hungUp   atomic.Bool // standard input has ended
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

// Open opens the devices, and waits for who is to connect first.
func Open(ctx context.Context, words Words) (*Frontend, error) {
	f := &Frontend{words: words, leave: func() {}}
	f.out = newSink("standard output", standardOutput{os.Stdout}, f.outputFailed)
	f.out.shown = terminal.Shown
	terminal.BeforeMessages(f.out.settle)
	if err := f.openAll(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Whatever the run is in the middle of, it must not wait for a stalled pipe then.
	context.AfterFunc(ctx, f.endOutput)
	return f, nil
}

func (f *Frontend) openAll(ctx context.Context) error {
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

func (f *Frontend) open(ctx context.Context, s chardev.Spec, u use, unit int) error {
	if s.Kind != chardev.Socket && s.Kind != chardev.PTY {
		return nil
	}
	if s.Wait {
		terminal.Say("waiting for somebody to connect to %s", s.Address)
	}
	d, err := chardev.Open(ctx, s)
	if err != nil {
		return err
	}
	if s.Kind == chardev.PTY {
		terminal.Say("the %s is at %s", u, d.Name())
	}
	f.opened = append(f.opened, opened{d, u, unit})
	return nil
}

// outputFailed is called when standard output cannot be written. The run goes on; but
// one that was for a reader who has read enough is over.
func (f *Frontend) outputFailed(err error) {
	if errors.Is(err, syscall.EPIPE) && f.service.Unwatched != nil && f.service.Unwatched() {
		f.service.Quit()
		return
	}
	sayLost("standard output", err)
}

// sayLost says that a file takes none of the guest's output any more.
func sayLost(name string, err error) {
	terminal.Say("writing the guest's output to %s: %v; the run goes on without it", name, err)
}

// endOutput says that the run is to end, so that nothing waits for long for a file
// that takes no output.
func (f *Frontend) endOutput() {
	for _, s := range f.sinks() {
		s.end()
	}
}

// Runs is told that the machine is to run by itself until ctx ends: so long it waits for
// files that are slow, before it begins too. It is called on the machine's thread.
func (f *Frontend) Runs(ctx context.Context) {
	for _, s := range f.sinks() {
		s.runs(ctx)
	}
}

func (f *Frontend) sinks() []*sink { return append([]*sink{f.out}, f.files...) }

// Wanted reports whether somebody may want to do something with a machine that has
// come to its end.
func (f *Frontend) Wanted() bool {
	if f.hungUp.Load() {
		return f.words.remote()
	}
	return f.words.Monitored() || f.operator.Load()
}

// farewell is how long those who are connected may take to read the last words.
const farewell = 2 * time.Second

// Close ends all connections, gives the terminal back and reports whether all
// output could be written.
func (f *Frontend) Close() error {
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
	var err error
	for _, s := range f.sinks() {
		err = errors.Join(err, s.close())
	}
	return err
}
