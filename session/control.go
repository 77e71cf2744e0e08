// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/monitor"
)

// control lets a monitor start and stop the machine. Where gdb is attached it
// decides: a monitor may stop what gdb lets run, as Ctrl-C in gdb would, but does
// not start what gdb has stopped.
type control struct {
	thread   *thread
	debugger *debugger
	atEnd    func() bool
	stuck    func() error // why the machine cannot go on from where it is, if not for its end
	quit     func()
}

var _ monitor.Control = (*control)(nil)

// State implements monitor.Control.
func (c *control) State() monitor.RunState {
	running, ran := c.thread.status()
	switch {
	case running:
		return monitor.StateRunning
	case c.atEnd():
		return monitor.StateShutdown
	case c.debugger.attached.Load():
		return monitor.StateDebug
	case !ran:
		return monitor.StatePrelaunch
	}
	return monitor.StatePaused
}

// Stop implements monitor.Control.
func (c *control) Stop() error {
	c.thread.callBack()
	c.thread.setRunning(false)
	return nil
}

var (
	errDebugged = errors.New("gdb has stopped the machine: continue there, or detach")
	errAtEnd    = errors.New("the machine is at the end of its run: go back first, with loadvm or replay_seek")
)

// Cont implements monitor.Control.
func (c *control) Cont() error {
	running, _ := c.thread.status()
	stuck := c.stuck()
	switch {
	case running:
		return nil
	case stuck != nil:
		return fmt.Errorf("%w; go back first, with loadvm or replay_seek", stuck)
	case c.atEnd():
		return errAtEnd
	case c.debugger.attached.Load():
		return errDebugged
	}
	c.thread.setRunning(true)
	return nil
}

// Quit implements monitor.Control.
func (c *control) Quit() { c.quit() }

// ServeGDB implements monitor.Control.
func (c *control) ServeGDB(device string) error { return c.debugger.serveAt(device) }
