// SPDX-License-Identifier: GPL-2.0-or-later

// Package apic models the interrupt controllers of a PC after the 8259: the
// local APIC of its one processor (Intel SDM vol. 3, chapter 11) and the
// IO-APIC (82093AA data sheet).
//
// A line given to this package is high when its source asserts the interrupt,
// whatever voltage that is: the polarity bits of LVT and redirection entries
// are stored and have no effect.
package apic

import (
	"fmt"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// LocalBase is the physical address of the local APIC's page, fixed here
// although IA32_APIC_BASE could move it on a real processor; LocalSize is the
// page's size in bytes.
const (
	LocalBase = 0xFEE00000
	LocalSize = 0x1000
)

const localVersion = 1 // of localState

// LocalConfig is what a local APIC is wired to. Clock and Interrupt are needed;
// a callback left nil does nothing.
type LocalConfig struct {
	Clock *icount.Clock
	// ID is the APIC ID at reset, 0 to 254.
	ID uint8
	// VirtualWire makes Reset leave the APIC as firmware hands it over
	// (MultiProcessor Specification 1.4, 3.6.2.2): software-enabled, LINT0 as
	// ExtINT and LINT1 as NMI. Without it Reset leaves the architectural state,
	// in which the 8259 reaches nobody until somebody programs LINT0.
	VirtualWire bool

	// Interrupt is the processor's INTR pin.
	Interrupt devices.Line
	// NMI makes one non-maskable interrupt pending in the processor.
	NMI func()
	// Init carries out an INIT that the processor sent to itself.
	Init func()
	// INTA is the 8259's interrupt acknowledge cycle: it returns the vector.
	INTA func() uint8
	// EOI tells the IO-APIC that a level-triggered vector was ended.
	EOI func(vector uint8)
	// TSC returns the processor's time-stamp counter, which counts at 1 GHz.
	// If it is nil, the counter is virtual time in ns.
	TSC func() uint64
}

// Local is the local APIC of the machine's processor, in xAPIC mode.
type Local struct {
	cfg   LocalConfig
	s     localState
	timer *icount.Timer
}

// localState is all that the guest can see or cause to happen later.
type localState struct {
	Base   uint64    // IA32_APIC_BASE
	ID     uint32    // bits 31:24
	TPR    uint8     // task priority
	SVR    uint32    // spurious vector, bit 8: software enable
	LDR    uint32    // bits 31:24: logical ID
	DFR    uint32    // bits 31:28: 15 flat, 0 cluster; the others read as one
	ICR    [2]uint32 // low and high half
	ESR    uint32    // errors latched by the last write
	Errors uint32    // errors since then
	LVT    [lvtCount]uint32
	ISR    vectors
	TMR    vectors
	IRR    vectors
	Pins   [2]bool // levels of LINT0 and LINT1: wires, not touched by a reset
	ExtINT bool    // an ExtINT message came and was not yet acknowledged
	Timer  timerState
}

// NewLocal returns a local APIC after Reset.
func NewLocal(cfg LocalConfig) *Local {
	if cfg.NMI == nil {
		cfg.NMI = func() {}
	}
	if cfg.Init == nil {
		cfg.Init = func() {}
	}
	if cfg.EOI == nil {
		cfg.EOI = func(uint8) {}
	}
	if cfg.TSC == nil {
		cfg.TSC = cfg.Clock.Now
	}
	l := &Local{cfg: cfg}
	l.timer = cfg.Clock.NewTimer(l.expire)
	l.Reset()
	return l
}

// Name identifies the device.
func (l *Local) Name() string { return "lapic" }

// Reset puts the APIC in its power-on state (SDM 11.4.7.1), or in the firmware's
// virtual wire state if so configured. The levels of LINT0 and LINT1 stay: they
// belong to whoever drives them.
func (l *Local) Reset() {
	l.s.Base = LocalBase | baseBSP | baseEnable
	l.s.ID = uint32(l.cfg.ID) << 24
	l.resetRegisters()
	if l.cfg.VirtualWire {
		l.s.SVR |= svrEnable
		l.s.LVT[lvtLINT0] = uint32(modeExtINT) << lvtModeShift
		l.s.LVT[lvtLINT1] = uint32(modeNMI) << lvtModeShift
	}
	l.update()
}

// resetRegisters is what power-on, INIT and the global disable have in common:
// everything but the ID and IA32_APIC_BASE (SDM 11.4.7.3).
func (l *Local) resetRegisters() {
	l.s = localState{
		Base: l.s.Base,
		ID:   l.s.ID,
		SVR:  0xFF,
		DFR:  ^uint32(0),
		Pins: l.s.Pins,
	}
	for i := range l.s.LVT {
		l.s.LVT[i] = lvtMasked
	}
	l.timer.Disarm()
}

// Save returns the state. Not in it: the level of the Interrupt output, which
// follows from the rest.
func (l *Local) Save() []byte { return devices.EncodeState(localVersion, &l.s) }

// NewState implements devices.Device.
func (l *Local) NewState() any { return new(localState) }

// Load restores a state, arms the timer and drives the Interrupt output. What
// drives LINT0 and LINT1, the IO-APIC included, must be loaded before.
func (l *Local) Load(blob []byte) error {
	var s localState
	if err := devices.DecodeState(l.Name(), blob, localVersion, &s); err != nil {
		return err
	}
	if s.Base&^baseEnable != LocalBase|baseBSP {
		return &devices.StateError{Device: l.Name(), Reason: fmt.Sprintf("IA32_APIC_BASE is %#x, want it at %#x", s.Base, LocalBase)}
	}
	if s.Timer.Count > s.Timer.Initial {
		return &devices.StateError{Device: l.Name(), Reason: fmt.Sprintf("the timer's count %d is above its initial count %d", s.Timer.Count, s.Timer.Initial)}
	}
	l.s = s
	l.timer.Disarm()
	if s.Timer.Armed {
		l.timer.Arm(s.Timer.Expiry)
	}
	l.update()
	return nil
}

// Ack is the processor's interrupt acknowledge: it moves the highest pending
// vector into service and returns it. Without one above the processor priority
// it runs the 8259's cycle if an ExtINT is pending, and otherwise returns the
// spurious vector (SDM 11.9).
func (l *Local) Ack() uint8 {
	if v, ok := l.deliverable(); ok {
		l.s.IRR.clear(v)
		l.s.ISR.set(v)
		l.update()
		return v
	}
	if l.extINT() && l.cfg.INTA != nil {
		l.s.ExtINT = false
		v := l.cfg.INTA()
		l.update()
		return v
	}
	return uint8(l.s.SVR)
}

// TaskPriority returns CR8: bits 7:4 of the TPR, 0 to 15.
func (l *Local) TaskPriority() uint8 { return l.s.TPR >> 4 }

// SetTaskPriority writes CR8: bits 7:4 of the TPR get the low four bits of
// priority and bits 3:0 become zero (SDM 11.8.6.1).
func (l *Local) SetTaskPriority(priority uint8) {
	l.s.TPR = priority << 4
	l.update()
}

// enabled reports the global enable of IA32_APIC_BASE.
func (l *Local) enabled() bool { return l.s.Base&baseEnable != 0 }

// softwareEnabled reports the enable bit of the spurious vector register.
func (l *Local) softwareEnabled() bool { return l.s.SVR&svrEnable != 0 }

// processorPriority computes the PPR (SDM 11.8.3.1).
func (l *Local) processorPriority() uint8 {
	v, _ := l.s.ISR.highest()
	if l.s.TPR>>4 >= v>>4 {
		return l.s.TPR
	}
	return v & 0xF0
}

// deliverable returns the highest requested vector if its class is above the
// processor priority's. A software-disabled APIC takes no new requests but
// still hands over those it holds (SDM 11.4.7.2).
func (l *Local) deliverable() (vector uint8, ok bool) {
	v, ok := l.s.IRR.highest()
	return v, ok && v>>4 > l.processorPriority()>>4
}

// extINT reports that the 8259 asks for the processor: through a pin in ExtINT
// mode, by a message, or directly if the APIC is globally disabled.
func (l *Local) extINT() bool {
	if !l.enabled() {
		return l.s.Pins[0]
	}
	for i, high := range l.s.Pins {
		lvt := l.s.LVT[lvtLINT0+i]
		if high && lvt&lvtMasked == 0 && lvtMode(lvt) == modeExtINT {
			return true
		}
	}
	return l.s.ExtINT
}

// update drives the Interrupt output.
func (l *Local) update() {
	_, ok := l.deliverable()
	l.cfg.Interrupt.Set(ok || l.extINT())
}
