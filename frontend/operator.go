// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
)

// Why a run ends, in QMP's words (qapi/run-state.json, ShutdownCause).
const (
	EndQuit     = "host-qmp-quit"
	EndSignal   = "host-signal"
	EndPowerOff = "guest-shutdown"
	EndReset    = "guest-reset"
)

// operator gives inputs to a machine that runs now, and tells of them.
type operator struct {
	door  Door
	front *Frontend
}

// Door takes inputs for a machine that runs now; it does not wait.
type Door interface{ Push(machine.Input) }

// Operator returns who gives inputs to a machine, and tells those who listen.
func (f *Frontend) Operator(d Door) monitor.Operator { return &operator{d, f} }

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
