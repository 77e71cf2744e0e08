// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import (
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/devices"
)

// Board is the hardware around a CPU.
type Board interface {
	cpu.Board
	// PowerOn puts every device and the CPU in the state in which the guest
	// starts, with its kernel in RAM. ask reaches the door. warm is true for a
	// reset of a running machine: RAM and battery-backed state stay.
	PowerOn(warm bool, ask func(Query) (int64, error)) error
	// Deliver hands an input to the device that it is for.
	Deliver(Input) error
	// Console returns how many bytes the guest has sent to its first serial port
	// since power-on, and their FNV-1a hash.
	Console() (bytes, hash uint64)
	// OnConsole names who is told of each of these bytes, with how many came before it,
	// as the guest sends it; nil: nobody is. It must not change the machine.
	OnConsole(f func(offset uint64, b byte))
	// Devices lists the devices in the order in which their states are loaded:
	// what drives a line before what the line leads to.
	Devices() []devices.Device
}

// Event is something a board wants done once the present instruction is over.
type Event struct {
	Kind EventKind
	Code int // exit code, with EventExit
}

// EventKind is the kind of an Event.
type EventKind uint8

// The kinds of event.
const (
	EventNone     EventKind = iota
	EventReset              // the guest pulled the reset line
	EventPowerOff           // the guest powered the machine off
	EventExit               // the guest asked for the end of the run with an exit code
)
