// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"io"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/monitor/qmp"
)

// Service is what a Frontend needs to know of the machine that it serves.
type Service struct {
	// Do runs a job on the machine's thread and returns when it has returned. An
	// error says that it did not run, because the machine is gone.
	Do func(ctx context.Context, job func()) error
	// Command is Do for what a monitor is told to do.
	Command func(ctx context.Context, job func()) error
	Monitor *monitor.Monitor
	Quit    func() // ends the run; called on any thread
	// HungUp is told that standard input has ended, on any thread but the machine's;
	// nil: nobody is.
	HungUp func()
	// Stuck reports whether the machine is stopped and no gdb can start it. It is
	// asked on any thread but the machine's.
	Stuck func() bool
	// Unwatched reports whether the run is for nobody but who reads standard output;
	// nil: it never is.
	Unwatched func() bool
	// Push is nil in a replay, which takes no input; Room is how many bytes a
	// serial port takes beside those that were pushed and wait for the machine. It
	// is asked on the machine's thread.
	Push func(machine.Input)
	Room func(unit int) int
}

// Serve lets everybody in, until Close.
func (f *Frontend) Serve(ctx context.Context, s Service) error {
	ctx, f.leave = context.WithCancel(ctx)
	f.service = s
	server := &qmp.Server{Monitor: s.Monitor, Do: s.Command}
	f.qmp.Store(server)
	f.shell = &monitor.Shell{Monitor: s.Monitor, Do: s.Command}
	for _, d := range f.opened {
		f.serving.Go(func() {
			d.Serve(ctx, func(ctx context.Context, conn io.ReadWriteCloser) {
				switch d.use {
				case useMonitor:
					f.shell.Serve(ctx, conn)
				case useQMP:
					server.Serve(ctx, conn)
				case useSerial:
					f.servePort(ctx, d.unit, conn)
				}
			})
		})
	}
	return f.serveStdio(ctx)
}

// feed returns what takes the input of a serial port; nil in a replay.
func (f *Frontend) feed(unit int) *feeder {
	if f.service.Push == nil {
		return nil
	}
	return &feeder{unit: uint8(unit), push: f.service.Push, do: f.service.Do, room: func() int { return f.service.Room(unit) }}
}

// Running tells those who listen that the machine begins to run or stops. It does
// not wait.
func (f *Frontend) Running(on bool) {
	if !on && f.hungUp.Load() {
		go f.sayIfStuck() // it may be the machine's thread that tells
	}
	f.emit(map[bool]string{true: "RESUME", false: "STOP"}[on], nil)
}

// Cause is why a run ends, in QMP's words (qapi/run-state.json, ShutdownCause).
type Cause string

// The causes.
const (
	CauseQuit     Cause = "host-qmp-quit"
	CauseSignal   Cause = "host-signal"
	CausePowerOff Cause = "guest-shutdown"
	CauseReset    Cause = "guest-reset"
)

// guest reports whether it was the guest that ended the run.
func (c Cause) guest() bool { return c == CausePowerOff || c == CauseReset }

// Shutdown tells those who listen that the run ends, and why: once. If it was not the
// guest that ended it, files that take no output are not waited for any longer.
func (f *Frontend) Shutdown(why Cause) {
	if !why.guest() {
		f.endOutput()
	}
	f.ended.Do(func() {
		f.emit("SHUTDOWN", struct {
			Guest  bool  `json:"guest"`
			Reason Cause `json:"reason"`
		}{why.guest(), why})
	})
}

// emit sends an event to who speaks QMP; before Serve that is nobody.
func (f *Frontend) emit(event string, data any) {
	if server := f.qmp.Load(); server != nil {
		server.Emit(event, data)
	}
}
