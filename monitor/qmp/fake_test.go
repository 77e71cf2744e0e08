// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"context"
	"errors"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/snapshots"
)

// fakeSession is a replay that ends at icount 1000 and has the snapshot "a".
type fakeSession struct{ engine fakeEngine }

type fakeEngine struct {
	cpu.Engine
	icount uint64
}

func (e *fakeEngine) ICount() uint64 { return e.icount }

func (s *fakeSession) Machine() *machine.Machine {
	return &machine.Machine{Config: machine.Config{Engine: &s.engine}}
}
func (s *fakeSession) Snapshots() ([]*snapshots.Snapshot, int64) { return nil, 0 }
func (s *fakeSession) SaveSnapshot(string) error                 { return nil }
func (s *fakeSession) DeleteSnapshot(n string) error             { return has(n) }
func (s *fakeSession) ClearMark() error                          { return nil }
func (s *fakeSession) Begin() machine.Moment                     { return machine.Moment{} }
func (s *fakeSession) End() machine.Moment                       { return machine.Moment{ICount: 1000} }
func (s *fakeSession) SetMark(n uint64) error                    { return inside(n) }
func (s *fakeSession) SeekTo(_ context.Context, n uint64) error {
	s.engine.icount = n
	return inside(n)
}
func (s *fakeSession) LoadSnapshot(_ context.Context, n string) error {
	return has(n)
}

func has(n string) error {
	if n != "a" {
		return errors.New("there is no snapshot \"" + n + "\"")
	}
	return nil
}

func inside(n uint64) error {
	if n > 1000 {
		return errors.New("that is outside of the recording")
	}
	return nil
}

// fakeControl tells the server what happens, as a machine's thread does.
type fakeControl struct {
	server *Server
	state  monitor.RunState
}

func (c *fakeControl) State() monitor.RunState { return c.state }
func (c *fakeControl) Stop() error {
	if c.state == monitor.StateRunning {
		c.server.Emit("STOP", nil)
	}
	c.state = monitor.StatePaused
	return nil
}
func (c *fakeControl) Cont() error {
	c.state = monitor.StateRunning
	c.server.Emit("RESUME", nil)
	return nil
}
func (c *fakeControl) Quit() {
	c.server.Emit("SHUTDOWN", map[string]any{"guest": false, "reason": "host-qmp-quit"})
}
func (c *fakeControl) ServeGDB(string) error { return nil }

func newServer() *Server {
	c := &fakeControl{state: monitor.StatePrelaunch}
	c.server = &Server{
		Monitor: &monitor.Monitor{Session: &fakeSession{}, Control: c, Mode: monitor.ModeReplay, Path: "rec", Version: "1.2"},
		Do:      func(_ context.Context, f func()) error { f(); return nil },
	}
	return c.server
}
