// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
)

// Why a run ends, in QMP's words (qapi/run-state.json, ShutdownCause).
const (
	endQuit     = "host-qmp-quit"
	endSignal   = "host-signal"
	endPowerOff = "guest-shutdown"
	endReset    = "guest-reset"
)

// operator gives inputs to a machine that runs now, and tells of them.
type operator struct {
	live  *replay.Live
	front *frontend
}

var _ monitor.Operator = (*operator)(nil)

// Push implements monitor.Operator.
func (o *operator) Push(in machine.Input) {
	switch in.Kind {
	case machine.InputReset:
		o.front.qmp.Emit("RESET", struct {
			Guest  bool   `json:"guest"`
			Reason string `json:"reason"`
		}{false, "host-qmp-system-reset"})
	case machine.InputPower:
		o.front.qmp.Emit("POWERDOWN", nil)
	}
	o.live.Push(in)
}
