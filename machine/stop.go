// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import "fmt"

// Stop says why Machine.Run returned.
type Stop struct {
	Kind StopKind
	End  End // with StopEnd
}

// StopKind is the kind of a Stop.
type StopKind uint8

// The kinds of stop.
const (
	StopTarget      StopKind = iota // the instruction count was reached
	StopBreakpoint                  // the next instruction is under a breakpoint
	StopInterrupted                 // Interrupt was called
	StopEnd                         // the machine ended: it runs no further
	StopWatchpoint                  // the last instruction hit a watchpoint (Engine.Hits)
	StopOutside                     // there was an OutsideWrite, and who was told wants to stop
)

// End says how a machine's run ended.
type End struct {
	Kind EndKind
	Code int // the guest's own exit code, with EndExit
}

// EndKind is the kind of an End. The values are in saved states.
type EndKind uint8

// The kinds of end.
const (
	EndNone     EndKind = 0
	EndPowerOff EndKind = 1 // the guest powered off
	EndReset    EndKind = 2 // the guest reset, and Config.NoReboot says that ends it
	EndExit     EndKind = 3 // the guest used the exit device
	EndOperator EndKind = 4 // the operator ended the run
)

func (e End) String() string {
	switch e.Kind {
	case EndPowerOff:
		return "power-off"
	case EndReset:
		return "reset"
	case EndExit:
		return fmt.Sprintf("exit %d", e.Code)
	case EndOperator:
		return "operator"
	}
	return "running"
}
