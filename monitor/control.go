// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"errors"

	"github.com/vmrr/vmrr/machine"
)

func (c *call) stop() error { return c.Control.Stop() }

func (c *call) cont() error { return c.Control.Cont() }

func (c *call) quit() error {
	c.Control.Quit()
	return nil
}

// DefaultGDB is where gdb is let in if nobody says where.
const DefaultGDB = "tcp::1234"

func (c *call) gdbServer() error {
	device := DefaultGDB
	if len(c.args) > 0 {
		device = c.args[0]
	}
	if err := c.Control.ServeGDB(device); err != nil {
		return err
	}
	if device == "none" {
		c.printf("Disabled gdbserver\n")
	} else {
		c.printf("Waiting for gdb connection on device '%s'\n", device)
	}
	return nil
}

// ErrNoInput refuses inputs in a replay.
var ErrNoInput = errors.New("a replay takes no input but what was recorded")

// Press gives the machine an input of the operator: reset, power button or NMI.
func (m *Monitor) Press(kind machine.InputKind) error {
	if m.Operator == nil {
		return ErrNoInput
	}
	m.Operator.Push(machine.Input{Kind: kind})
	return nil
}

func press(kind machine.InputKind) func(*call) error {
	return func(c *call) error { return c.Press(kind) }
}
