// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import "fmt"

// Moment is an instant of a machine's run. Between two instructions the clock
// may jump (the CPU is halted) and inputs may arrive, in an order that matters;
// Sub tells those instants apart. The canonical state at icount N, the one that
// seeks and state hashes mean, is {N, 0}: the N-th instruction has retired, the
// timers due by then have fired, nothing else has happened yet.
type Moment struct {
	ICount uint64 // instructions retired since power-on
	Sub    uint32 // inputs delivered plus clock jumps made at this count
}

// Before reports whether m comes earlier in the run than o.
func (m Moment) Before(o Moment) bool {
	return m.ICount < o.ICount || m.ICount == o.ICount && m.Sub < o.Sub
}

func (m Moment) String() string {
	if m.Sub == 0 {
		return fmt.Sprintf("icount %d", m.ICount)
	}
	return fmt.Sprintf("icount %d+%d", m.ICount, m.Sub)
}

// InputKind tells what an Input is. The values are written to recordings.
type InputKind uint8

// The kinds of input.
const (
	InputSerial InputKind = 1 // bytes received on serial port Unit; Data holds them
	InputReset  InputKind = 2 // the operator pressed reset
	InputPower  InputKind = 3 // the operator pressed the ACPI power button
	InputNMI    InputKind = 4 // the operator raised a non-maskable interrupt
	InputEnd    InputKind = 5 // the operator ended the run: nothing follows
	// A debugger changed the machine. Data is what MemoryInput and RegisterInput make.
	InputMemory   InputKind = 6
	InputRegister InputKind = 7
	// InputFrame is a frame received on network adapter Unit; no board has one yet.
	InputFrame InputKind = 8
)

func (k InputKind) String() string {
	switch k {
	case InputSerial:
		return "serial"
	case InputReset:
		return "reset"
	case InputPower:
		return "power"
	case InputNMI:
		return "nmi"
	case InputEnd:
		return "end"
	case InputMemory:
		return "memory"
	case InputRegister:
		return "register"
	case InputFrame:
		return "frame"
	}
	return fmt.Sprintf("input kind %d", uint8(k))
}

// Input is something that reaches the machine from outside at a moment that the
// machine's state does not determine.
type Input struct {
	Kind InputKind
	Unit uint8  // which device of the kind, from 0
	Data []byte // what the kind says; nil if it says nothing
}

// Query is a value that the machine itself asks of the outside at a moment that
// its state does determine. The values are written to recordings.
type Query uint8

// The queries.
const (
	QueryWallClock Query = 1 // host time in s since 1970-01-01 UTC, asked by the RTC at power-on
	QueryEntropy   Query = 2 // 64 random bits, asked for the kernel's seed at every power-on and reset
)

// Inputs is the one door through which everything nondeterministic enters a
// machine. A recorder answers from the host and writes each answer down; a
// player answers from the recording. Devices and boards cannot tell which.
type Inputs interface {
	// Ask returns the answer to a query.
	Ask(at Moment, q Query) (int64, error)
	// Take returns the next input to deliver at this moment, if there is one.
	// After each the moment's Sub is one higher.
	Take(at Moment) (in Input, ok bool, err error)
	// Horizon returns the icount, above at.ICount, at which Take must be asked
	// again even if nothing else stops the CPU. MaxUint64 means that the
	// source will stop the CPU itself (Engine.RequestStop) when it has something.
	Horizon(at Moment) uint64
	// Idle is called when the CPU is halted, no interrupt is deliverable and
	// Take had nothing. now and deadline are virtual ns; deadline is the next
	// timer's or NoDeadline. It returns the virtual time to jump to, at most
	// deadline: less if an input ended the wait, now if no time is to pass.
	// It may sleep. After a jump the moment's Sub is one higher.
	Idle(at Moment, now, deadline uint64) (until uint64, err error)
}

// Waker is a door whose Idle may sleep. Interrupt ends the Idle in progress, or
// the next one, without an input; it may be called from any thread.
type Waker interface{ Interrupt() }

// NoDeadline is the deadline of a clock with no armed timer.
const NoDeadline = ^uint64(0)
