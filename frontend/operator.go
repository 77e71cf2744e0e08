// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
)

// operator gives inputs to a machine that runs now, and tells of them.
type operator struct {
	door  monitor.Operator
	front *Frontend
}

// Operator returns who gives inputs to a machine, by its door, and tells those who
// listen.
func (f *Frontend) Operator(door monitor.Operator) monitor.Operator { return &operator{door, f} }

var _ monitor.Operator = (*operator)(nil)

// Push implements monitor.Operator.
func (o *operator) Push(in machine.Input) {
	switch in.Kind {
	case machine.InputReset:
		o.front.emit("RESET", struct {
			Guest  bool   `json:"guest"`
			Reason string `json:"reason"`
		}{false, "host-qmp-system-reset"})
	case machine.InputPower:
		o.front.emit("POWERDOWN", nil)
	}
	o.door.Push(in)
}
