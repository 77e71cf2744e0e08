// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "github.com/vmrr/vmrr/devices"

// IOAPICPins is the number of interrupt inputs; IOAPICBase is the usual
// physical address of the first IO-APIC, and IOAPICSize its window in bytes.
const (
	IOAPICPins = 24
	IOAPICBase = 0xFEC00000
	IOAPICSize = 0x1000
)

const ioapicVersion = 1 // of ioapicState

// IOAPICConfig is what an IO-APIC is wired to.
type IOAPICConfig struct {
	// ID is the APIC ID at reset, 0 to 15. (The 82093AA starts with 0 and has
	// firmware write the ID; there may be none here.)
	ID uint8
	// Deliver offers a message to the local APICs and reports whether one
	// accepted it: Local.Deliver on this board.
	Deliver func(Message) bool
}

// IOAPIC turns 24 interrupt lines into messages to local APICs. It is the
// 82093AA with the EOI register of its successors (Intel ICH6 data sheet,
// 10.5), which the version number 0x20 stands for: an operating system that
// ends level-triggered interrupts there (Linux does) then finds it, and one
// written for version 0x11 misses nothing.
type IOAPIC struct {
	cfg IOAPICConfig
	s   ioapicState
}

type ioapicState struct {
	Select uint8 // IOREGSEL
	ID     uint32
	Table  [IOAPICPins]uint64 // IOREDTBL
	Pins   [IOAPICPins]bool   // levels of the inputs: wires, not touched by a reset
}

// Offsets in the window.
const (
	ioRegSel = 0x00 // 8 bits
	ioWin    = 0x10 // 32 bits
	ioEOI    = 0x40 // 8 bits, write-only
)

// Indices for IOREGSEL.
const (
	ioID      = 0x00
	ioVersion = 0x01
	ioArb     = 0x02
	ioTable   = 0x10 // two per pin, low half first
)

// Bits of a redirection entry; the vector, delivery mode, polarity, trigger and
// mask bits are those of an LVT entry.
const (
	redirLogical  = 1 << 11
	redirDest     = 56
	redirWritable = 0xFF<<redirDest | lvtMasked | lvtLevel | lvtPolarity | redirLogical | 7<<lvtModeShift | lvtVector
)

// NewIOAPIC returns an IO-APIC after Reset.
func NewIOAPIC(cfg IOAPICConfig) *IOAPIC {
	a := &IOAPIC{cfg: cfg}
	a.Reset()
	return a
}

// Name identifies the device.
func (a *IOAPIC) Name() string { return "ioapic" }

// Reset masks every pin. The levels of the inputs stay: they belong to whoever
// drives them.
func (a *IOAPIC) Reset() {
	a.s = ioapicState{ID: uint32(a.cfg.ID&0xF) << 24, Pins: a.s.Pins}
	for i := range a.s.Table {
		a.s.Table[i] = lvtMasked
	}
}

// Save returns the state; there is nothing else.
func (a *IOAPIC) Save() []byte { return devices.EncodeState(ioapicVersion, &a.s) }

// NewState implements devices.Device.
func (a *IOAPIC) NewState() any { return new(ioapicState) }

// Load restores a state. It sends no message: what was accepted is in the state
// of the local APIC. What drives the inputs must be loaded before.
func (a *IOAPIC) Load(blob []byte) error {
	var s ioapicState
	if err := devices.DecodeState(a.Name(), blob, ioapicVersion, &s); err != nil {
		return err
	}
	a.s = s
	return nil
}

// Line returns the interrupt input pin, 0 to IOAPICPins-1.
func (a *IOAPIC) Line(pin int) devices.Line {
	input := &a.s.Pins[pin]
	return devices.LineFunc(func(high bool) {
		if *input == high {
			return
		}
		*input = high
		if high {
			a.raise(pin)
		}
	})
}

// raise acts on a rising input. An edge on a masked pin is lost (82093AA 3.2.4,
// interrupt mask).
func (a *IOAPIC) raise(pin int) {
	if isLevel(a.s.Table[pin]) {
		a.serve(pin)
	} else if a.s.Table[pin]&lvtMasked == 0 {
		a.cfg.Deliver(message(a.s.Table[pin]))
	}
}

// serve sends the interrupt of a level-triggered pin if it is high, not masked
// and not waiting for the end of the last one. A message that nobody accepts
// leaves remote IRR clear; it is sent again when the pin rises or its entry is
// written.
func (a *IOAPIC) serve(pin int) {
	entry := a.s.Table[pin]
	if !a.s.Pins[pin] || !isLevel(entry) || entry&(lvtMasked|lvtRemoteIRR) != 0 {
		return
	}
	if a.cfg.Deliver(message(entry)) {
		a.s.Table[pin] |= lvtRemoteIRR
	}
}

// isLevel reports whether a pin is level-triggered: SMI, NMI, INIT and ExtINT
// are edges whatever the trigger bit says.
func isLevel(entry uint64) bool {
	return entry&lvtLevel != 0 && lvtMode(uint32(entry)) <= modeLowest
}

func message(entry uint64) Message {
	return Message{
		Dest:    uint8(entry >> redirDest),
		Logical: entry&redirLogical != 0,
		Mode:    lvtMode(uint32(entry)),
		Vector:  uint8(entry),
		Level:   isLevel(entry),
	}
}

// EOI ends the level-triggered interrupts with the given vector; a pin still
// high requests again.
func (a *IOAPIC) EOI(vector uint8) {
	for pin, entry := range a.s.Table {
		if uint8(entry) == vector && entry&lvtRemoteIRR != 0 {
			a.s.Table[pin] &^= lvtRemoteIRR
			a.serve(pin)
		}
	}
}

// Read reads the window: IOREGSEL and IOWIN with any size, as the bytes that
// are named; everything else is zero.
func (a *IOAPIC) Read(offset uint64, size int) uint64 {
	var value uint64
	switch offset &^ 0xF {
	case ioRegSel:
		value = uint64(a.s.Select)
	case ioWin:
		value = uint64(a.readRegister())
	}
	return value >> (8 * (offset & 0xF)) & devices.Ones(size) // shifts by 64 and more give 0
}

// Write writes the window. IOREGSEL and the EOI register take the low byte of
// any size; IOWIN takes 32 bits (82093AA 3.1), and of 64 the low half.
func (a *IOAPIC) Write(offset uint64, size int, value uint64) {
	switch offset {
	case ioRegSel:
		a.s.Select = uint8(value)
	case ioWin:
		if size >= 4 {
			a.writeRegister(uint32(value))
		}
	case ioEOI:
		a.EOI(uint8(value))
	}
}

// entry returns the pin and the shift of the half of its redirection entry that
// IOREGSEL selects; ok is false if it selects something else.
func (a *IOAPIC) entry() (pin int, shift uint, ok bool) {
	n := int(a.s.Select) - ioTable
	return n / 2, uint(n%2) * 32, n >= 0 && n < 2*IOAPICPins
}

func (a *IOAPIC) readRegister() uint32 {
	if pin, shift, ok := a.entry(); ok {
		return uint32(a.s.Table[pin] >> shift)
	}
	switch a.s.Select {
	case ioID, ioArb: // the arbitration ID is loaded with the ID (82093AA 3.2.3)
		return a.s.ID
	case ioVersion:
		return (IOAPICPins-1)<<16 | 0x20
	}
	return 0
}

func (a *IOAPIC) writeRegister(value uint32) {
	pin, shift, ok := a.entry()
	if !ok {
		if a.s.Select == ioID {
			a.s.ID = value & 0x0F000000
		}
		return
	}
	const half = uint64(0xFFFFFFFF)
	writable := redirWritable & (half << shift)
	entry := a.s.Table[pin]&^writable | uint64(value)<<shift&writable
	if !isLevel(entry) { // remote IRR belongs to level-triggered pins alone
		entry &^= lvtRemoteIRR
	}
	a.s.Table[pin] = entry
	a.serve(pin)
}
