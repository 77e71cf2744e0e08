// SPDX-License-Identifier: GPL-2.0-or-later

// Package session is a machine that people are let at: the thread that owns it, how
// monitors start and stop it, how gdb is served and what gdb sees of it.
package session

import (
	"context"
	"net"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/timeline"
)

// Config is what a session is made of.
type Config struct {
	Machine Debuggee
	// Monitor executes the commands of monitors and of gdb. New fills in Session,
	// Control and Until.
	Monitor monitor.Monitor
	Stopped bool               // the machine waits for somebody to start it
	Changed func(running bool) // is told when it begins to run and stops; nil: nobody is. It must not wait
	// Runs is told, on the machine's thread, that it is to run by itself until ctx ends,
	// for then somebody wants something of it. Runs may wait as long. Nil: nobody is told.
	Runs  func(ctx context.Context)
	AtEnd func() bool // the machine is where nothing follows; asked on its thread
	Quit  func()      // ends the run, soon; called on any thread
	// Files returns what gdb may read as target:NAME, as gdbstub.FileKeeper does; called on
	// the machine's thread. Nil: gdb may read nothing.
	Files func(name string) ([]byte, error)
}

// Session is a machine, the thread that owns it, and who lets it run.
type Session struct {
	Monitor  *monitor.Monitor
	machine  Debuggee
	thread   *thread
	debugger *debugger
	stuck    func() error // why the machine cannot go on from where it is, if not for its end
}

// New makes a session. When ctx is cancelled gdb and the commands in progress are
// ended, not the machine.
func New(ctx context.Context, cfg Config) *Session {
	if cfg.Changed == nil {
		cfg.Changed = func(bool) {}
	}
	t := newThread(cfg.Machine.Continue, !cfg.Stopped, cfg.Changed)
	if cfg.Runs != nil {
		t.runs = cfg.Runs
	}
	d := &debugger{thread: t, ctx: ctx, quit: cfg.Quit, atEnd: cfg.AtEnd, files: cfg.Files}
	s := &Session{Monitor: &cfg.Monitor, machine: cfg.Machine, thread: t, debugger: d, stuck: func() error { return nil }}
	s.Monitor.Session, s.Monitor.Until = cfg.Machine, ctx
	if past, ok := cfg.Machine.(traveller); ok {
		s.stuck = past.Stuck
	}
	s.Monitor.Control = &control{thread: t, debugger: d, quit: cfg.Quit, atEnd: cfg.AtEnd, stuck: s.stuck}
	d.server = &gdbstub.Server{Target: newTarget(cfg.Machine, s.Monitor, d), Do: t.do}
	return s
}

// Loop works on the calling thread, which the machine belongs to, until ctx is
// cancelled or the machine has ended or failed. If stay, which is told of the failure,
// returns true then, the machine waits where it is.
func (s *Session) Loop(ctx context.Context, stay func(failed error) bool) (timeline.Stop, error) {
	return s.thread.loop(ctx, stay)
}

// Do runs f on the machine's thread, stopping the machine for it if it runs, and
// returns when f has returned. The error says that the machine is gone and f did not
// run.
func (s *Session) Do(ctx context.Context, f func()) error { return s.thread.do(ctx, f) }

// Command is Do for a monitor's commands: gdb is told if the machine is elsewhere
// then.
func (s *Session) Command(ctx context.Context, f func()) error {
	return s.thread.do(ctx, func() {
		before := s.machine.Machine().Moment()
		f()
		if s.machine.Machine().Moment() != before {
			s.debugger.movedByOthers()
		}
	})
}

// ServeGDB lets gdb in, instead of where it was let in before.
func (s *Session) ServeGDB(ln net.Listener) { s.debugger.serve(ln) }

// ServeOwnGDB does the same for a gdb that we start: nobody need be told where.
func (s *Session) ServeOwnGDB(ln net.Listener) { s.debugger.serveQuietly(ln) }

// InterruptGDB ends the monitor command that gdb waits for, if it does.
func (s *Session) InterruptGDB() { s.debugger.server.Interrupt() }

// Debuggable reports whether gdb may connect.
func (s *Session) Debuggable() bool { return s.debugger.where() != nil }

// Stranded reports whether the machine stands still and no gdb may come to start it. It
// is asked on any thread but the machine's.
func (s *Session) Stranded() bool {
	running, _ := s.thread.status()
	return !running && !s.Debuggable()
}

// Reconsider asks Loop's stay again if the machine is where nothing follows or it cannot
// go on, as those who may want to do something there have become fewer.
func (s *Session) Reconsider(ctx context.Context) {
	s.Do(ctx, func() {
		if s.debugger.atEnd() || s.stuck() != nil {
			s.thread.setRunning(true)
		}
	})
}

// Debugged reports whether gdb is attached.
func (s *Session) Debugged() bool { return s.debugger.attached.Load() }

// Leave makes the machine run on to its end, for which there must be an input. Nobody
// can stop it any more.
func (s *Session) Leave() { s.thread.leave() }

// Leaving reports whether that is so.
func (s *Session) Leaving() bool { return s.thread.isLeaving() }
