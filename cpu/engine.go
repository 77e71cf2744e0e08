// SPDX-License-Identifier: GPL-2.0-or-later

// Package cpu says what a processor is to the rest of vmrr: an Engine that runs
// to an exact instruction count, and the descriptions of its registers.
// It knows nothing of boards, logs or debuggers.
package cpu

import "fmt"

// StopReason says why Engine.Run returned.
type StopReason int

// The reasons. When several hold at once, a shutdown comes first, then a watchpoint,
// then the limit or the request, then a breakpoint, then the halt.
const (
	StopLimit   StopReason = iota // the instruction count reached the limit
	StopBreak                     // the next instruction is under a breakpoint; it has not run
	StopHalt                      // the CPU executed HLT (or WFI) and waits for an interrupt
	StopReset                     // triple fault: the CPU shut down and asks for a reset
	StopRequest                   // RequestStop was called, from a callback or another thread
	StopWatch                     // the instruction that retired last hit a watchpoint
)

func (r StopReason) String() string {
	names := [...]string{"limit", "breakpoint", "halt", "shutdown", "stop request", "watchpoint"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("stop reason %d", int(r))
}

// Board is what a CPU reaches outside itself. Every method is called on the
// engine's thread from within Run, at an exact instruction count: ICount counts
// the accessing instruction already for port accesses, MSRs and MMIO alike, and
// no access is ever made twice because of how the code was translated.
type Board interface {
	PortIn(port uint16, size int) uint32
	PortOut(port uint16, size int, value uint32)
	MMIORead(pa uint64, size int) uint64
	MMIOWrite(pa uint64, size int, value uint64)

	// AckInterrupt is the INTA cycle: it returns the vector of the highest
	// pending interrupt and moves it into service.
	AckInterrupt() uint8
	// TaskPriority and SetTaskPriority are CR8: bits 7:4 of the local APIC's
	// TPR (Intel SDM vol. 3, 11.8.6), as a value of 0 to 15.
	TaskPriority() uint8
	SetTaskPriority(uint8)
	// ReadMSR and WriteMSR serve the model-specific registers that belong to
	// the board (the local APIC's). ok is false if the index is not known or
	// the value is refused: the guest then takes #GP(0).
	ReadMSR(index uint32) (value uint64, ok bool)
	WriteMSR(index uint32, value uint64) (ok bool)
}

// Engine is one processor with its memory. An Engine belongs to one OS thread:
// its creator locks the goroutine, and all methods but RequestStop are called there.
type Engine interface {
	// Run executes until ICount reaches limit or something stops it earlier.
	// If limit is not above ICount, it returns StopLimit and nothing happens,
	// not even an interrupt. An error means that the engine itself failed.
	Run(limit uint64) (StopReason, error)
	// SetLimit moves the limit of the Run in progress; it may be called from
	// Board callbacks. A limit at or below ICount stops after the current instruction.
	SetLimit(limit uint64)
	// RequestStop makes Run return at some instruction boundary soon. Of all
	// methods it alone may be called from any thread. Where it stops is not deterministic.
	RequestStop()

	// ICount returns the instructions retired since power-on. A faulting
	// instruction is not counted, an iteration of REP is.
	ICount() uint64
	// SetICount sets the count; only a state load does this, between runs.
	SetICount(n uint64)
	// SetClock tells the engine the two parameters of virtual time
	// (ICount<<shift + warp, ns), of which the time-stamp counter is made.
	SetClock(shift uint, warp uint64)

	// SetInterrupt drives the INTR pin; NMI latches one non-maskable interrupt.
	SetInterrupt(high bool)
	NMI()
	// SetA20 drives the A20 gate: when false, address bit 20 is forced to zero.
	SetA20(high bool)
	// Halted reports that the CPU waits for an interrupt, Interruptible that one
	// is pending that it will take at this boundary, and InterruptsEnabled that
	// it would take one on INTR.
	Halted() bool
	Interruptible() bool
	InterruptsEnabled() bool
	// Delivered reports that an interrupt or fault was delivered at the present
	// count, after the state that the count stands for: only a breakpoint on
	// the handler's first instruction stops there.
	Delivered() bool
	// Reset puts the CPU in its power-on state. The instruction count goes on.
	Reset()

	// Registers reads and writes the architectural registers by the names in
	// the engine's register description (Description).
	Description() *Description
	// NarrowDescription describes those that code of less than the full width has, by
	// the names and with the widths that they have there; nil if such code is not run.
	// The IDs are those of Description; values are read and written by that one.
	NarrowDescription(bits int) *Description
	ReadRegister(r *Register) []byte
	WriteRegister(r *Register, value []byte) error
	// PC returns the linear address of the next instruction (CS base + RIP on x86).
	PC() uint64
	// CodeBits returns the width of the code that the CPU runs: 16, 32 or 64.
	CodeBits() int

	// Translate walks the guest's page tables for a linear address without
	// side effects; ok is false if no page is present there.
	Translate(linear uint64) (pa uint64, ok bool)
	// Invalidate tells the engine that size bytes of RAM at physical address
	// pa were changed from outside (DMA, a loader, a debugger, a restore), so
	// that translated code and cached translations made from them are dropped.
	Invalidate(pa, size uint64)

	// InsertBreak and RemoveBreak manage execution breakpoints at linear
	// addresses. Run stops before such an instruction with StopBreak; the
	// breakpoint under the present PC is a hit too.
	InsertBreak(linear uint64)
	RemoveBreak(linear uint64)
	// SkipBreak makes the breakpoint under the present PC, at the present
	// count, no hit: what a debugger wants when it goes on from there.
	SkipBreak()

	// InsertWatch and RemoveWatch manage watchpoints. Run stops with StopWatch behind
	// the instruction that did what one looks for. An error says that there are too
	// many.
	InsertWatch(Watch) error
	RemoveWatch(Watch)
	// SetHitMode says what a breakpoint or watchpoint that is hit does, from now on,
	// and sets the count of hits to 0. Counted hits end a Run when there are enough
	// of them, 0: they never do.
	SetHitMode(mode HitMode, enough uint64)
	// Hits returns how many hits were counted, and the last one; that of a
	// StopWatch too.
	Hits() (n uint64, last Hit)

	// Save returns the whole architectural state as a versioned blob in a
	// canonical form: two CPUs in the same architectural state give the same
	// bytes however they came there, in any process. Load restores it.
	Save() []byte
	Load([]byte) error

	// NewState returns a pointer to an empty struct of the type that Save encodes,
	// of integers and arrays of them behind a u16 version, little-endian. The
	// tag "names" of a field names the elements of its array.
	NewState() any

	// DirtyEpoch starts a new epoch of dirty tracking and returns its number.
	// DirtySince calls f for each RAM page, by index in ascending order, that
	// was written in the given epoch or a later one. Pages are PageSize bytes.
	DirtyEpoch() uint32
	DirtySince(epoch uint32, f func(page int))

	// TakeStores returns the pages, by number, that the guest may have stored to since the
	// last call: all that it has, and perhaps others. They are in no order. The linear
	// ones are of whatever address space; the physical ones may lie outside of RAM.
	TakeStores() (linear, physical []uint64)

	// Close releases the engine. No other method may be called afterwards.
	Close()
}

// PageSize is the unit of dirty tracking in bytes, on every target.
const PageSize = 4096
