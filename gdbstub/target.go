// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/cpu"
)

// Target is the machine as the debugger sees it. The stub calls its methods, and
// those of the optional interfaces below, one at a time and only from within the
// function given to a Runner, so that a Target may belong to one OS thread.
//
// An error means that the request was not carried out and the machine is as
// before. gdb shows its text for registers, breakpoints and resumes; for memory
// gdb has a text of its own, and shows the error's when it takes text again.
type Target interface {
	// Description lists the registers. It is asked once for each connection. The one
	// of type code_ptr is the PC, which is a linear address, as breakpoints are.
	Description() *cpu.Description
	// ReadRegister returns the value of one of the registers in Description,
	// Bits/8 bytes little-endian, or nil if it has none at present.
	ReadRegister(r *cpu.Register) []byte
	// WriteRegister sets it. len(value) is Bits/8.
	WriteRegister(r *cpu.Register, value []byte) error

	// ReadMemory reads from the virtual address space that is current. It
	// returns how many bytes could be read from addr on; n < len(p) goes with
	// an error. It has no side effects on the guest.
	ReadMemory(addr uint64, p []byte) (n int, err error)
	// WriteMemory writes all of p or nothing.
	WriteMemory(addr uint64, p []byte) error

	// InsertBreak and RemoveBreak manage execution breakpoints at virtual
	// addresses. The stub never inserts one twice, never removes one that is
	// not there, and removes all of its own when the client leaves.
	InsertBreak(addr uint64, kind BreakKind) error
	RemoveBreak(addr uint64, kind BreakKind) error

	// Step executes n instructions (n > 0), or fewer if something else stops
	// it; StopStep means that all have run. Continue runs until something
	// stops it. Both execute at least one instruction when they can: a
	// breakpoint under the present PC is no hit. When ctx is cancelled they
	// return StopInterrupted soon.
	Step(ctx context.Context, n uint64) (Stop, error)
	Continue(ctx context.Context) (Stop, error)
}

// BreakKind tells the two kinds of execution breakpoint apart. They stop alike;
// gdb counts hardware breakpoints separately.
type BreakKind int

// The kinds of breakpoint.
const (
	BreakSoftware BreakKind = iota
	BreakHardware
)

func (k BreakKind) String() string {
	if k == BreakHardware {
		return "hardware breakpoint"
	}
	return "software breakpoint"
}

// Reason says why a Target stopped.
type Reason int

// The reasons.
const (
	StopStep         Reason = iota // the steps asked for are done
	StopBreak                      // the instruction at Stop.Addr is under a breakpoint and has not run
	StopWatch                      // the memory at Stop.Addr was accessed as Stop.Watch says
	StopInterrupted                // the context was cancelled, or the operator stopped the machine
	StopHistoryBegin               // going back, the beginning of the recording was reached
	StopHistoryEnd                 // the end of the recording was reached
	StopExited                     // the guest powered off; the debugger sees it as the end of history
)

func (r Reason) String() string {
	names := [...]string{"step", "breakpoint", "watchpoint", "interrupt", "history begin", "history end", "guest exit"}
	if r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("stop reason %d", int(r))
}

// Stop is what a resume came to.
type Stop struct {
	Reason Reason
	Addr   uint64    // of the breakpoint or of the memory accessed; 0 otherwise
	Watch  WatchKind // for StopWatch: the kind of the watchpoint that was hit
	Note   string    // what the user is to be told beside; empty: nothing
}

// Reverser is a Target that can go back in time. In both directions a breakpoint
// stops the machine before its instruction; the one under the present PC is no
// hit. At the first instant there is, both return StopHistoryBegin. When ctx is
// cancelled they return StopInterrupted, at the instant where they began. What is written
// to out the user reads at once.
type Reverser interface {
	ReverseStep(ctx context.Context) (Stop, error)
	ReverseContinue(ctx context.Context, out io.Writer) (Stop, error)
}

// RangeStepper is a Target that steps by itself, at least once, until the PC is
// outside [start, end) or something else stops it; StopStep means that the PC is
// outside. Without it the stub steps and looks at the PC.
type RangeStepper interface {
	StepRange(ctx context.Context, start, end uint64) (Stop, error)
}

// Narrower is a Target whose CPU also runs code in which registers are narrower, which
// gdb takes for another architecture.
type Narrower interface {
	// CodeBits returns the width of the code that runs now.
	CodeBits() int
	// NarrowDescription lists the registers that code of that width has; nil if it has
	// those of Description. An ID is that of a register in Description, by which
	// values are read and written; it may be narrower than that, and no wider.
	NarrowDescription(bits int) *cpu.Description
}

// Commander is a Target with commands of its own (gdb's "monitor").
type Commander interface {
	// Monitor runs one command line. What it writes to out reaches the user when
	// the command is over, or sooner where it is long. moved says that registers or memory are no longer what the
	// debugger saw last, as after a jump in time or a reset. The error's text
	// is shown to the user.
	Monitor(ctx context.Context, command string, out io.Writer) (moved bool, err error)
}

// Watcher is a Target with watchpoints on length bytes of virtual memory. Going
// back, a write watchpoint stops the machine just before the write.
type Watcher interface {
	InsertWatch(addr, length uint64, kind WatchKind) error
	RemoveWatch(addr, length uint64, kind WatchKind) error
}

// PhysicalWatcher is a Watcher that can watch guest-physical memory too. Stop.Addr is a
// physical address then.
type PhysicalWatcher interface {
	Watcher
	InsertPhysicalWatch(addr, length uint64, kind WatchKind) error
	RemovePhysicalWatch(addr, length uint64, kind WatchKind) error
}

// Conditioner is a Target whose breakpoints may have a condition. It asks when one is
// met, in both directions, in the state before the instruction; a hit for which the
// answer is no stops nothing. The function reads registers and memory of the Target.
type Conditioner interface {
	// SetCondition gives a breakpoint, which is inserted, another condition; nil:
	// none. It goes when the breakpoint is removed.
	SetCondition(addr uint64, kind BreakKind, condition func() bool)
}

// WatchKind says which accesses a watchpoint is for.
type WatchKind int

// The kinds of watchpoint.
const (
	WatchWrite WatchKind = iota
	WatchRead
	WatchAccess
)

func (k WatchKind) String() string {
	switch k {
	case WatchWrite:
		return "write watchpoint"
	case WatchRead:
		return "read watchpoint"
	}
	return "access watchpoint"
}

// PhysicalMemory is a Target that gives access to guest-physical memory, as
// ReadMemory and WriteMemory do to virtual.
type PhysicalMemory interface {
	ReadPhysical(addr uint64, p []byte) (n int, err error)
	WritePhysical(addr uint64, p []byte) error
}

// MemoryMapper is a Target that tells gdb where memory is. gdb refuses to access
// anything outside the map, so a Target with paging is better off without.
type MemoryMapper interface {
	MemoryMap() []MemoryRegion
}

// MemoryRegion is length bytes of memory from a virtual address on.
type MemoryRegion struct {
	Start, Length uint64
	ROM           bool // gdb sets only hardware breakpoints here
}

// FileKeeper is a Target that has files for the debugger, which reads them as
// "target:NAME".
type FileKeeper interface {
	// OpenFile returns what is in a file at this instant. The error is fs.ErrNotExist if
	// there is none of that name.
	OpenFile(name string) ([]byte, error)
}

// Attacher is a Target that wants to know when a debugger comes and goes: one
// that runs by itself stops for it.
type Attacher interface {
	// Attached is called before the first packet is answered. Afterwards the
	// machine runs only as the debugger says. An error refuses the client.
	Attached(ctx context.Context) error
	// Detached is called after the client's breakpoints have been removed.
	Detached(how Departure)
}

// Departure says how a debugger left.
type Departure int

// The departures.
const (
	Dropped  Departure = iota // the connection ended without a word
	Detached                  // gdb's "detach": the machine is to run on
	Killed                    // gdb's "kill": the machine is to end
)

func (d Departure) String() string {
	switch d {
	case Detached:
		return "detached"
	case Killed:
		return "killed"
	}
	return "dropped"
}
