// SPDX-License-Identifier: GPL-2.0-or-later

package apic

// Mode is a delivery mode: what an interrupt does at its destination (SDM 11.5.1).
type Mode uint8

// The delivery modes. With one processor, lowest priority is fixed.
const (
	modeFixed  Mode = 0
	modeLowest Mode = 1
	modeSMI    Mode = 2
	modeNMI    Mode = 4
	modeINIT   Mode = 5
	modeSIPI   Mode = 6 // only in interprocessor interrupts
	modeExtINT Mode = 7 // not in interprocessor interrupts
)

// Message is an interrupt on its way from an IO-APIC, or from the processor, to
// a local APIC.
type Message struct {
	Dest    uint8 // APIC ID, or set of logical IDs
	Logical bool  // how to read Dest
	Mode    Mode
	Vector  uint8 // for fixed and lowest priority, 16 to 255
	Level   bool  // level-triggered: the EOI goes back to the source
}

// Deliver offers a message to the local APIC and reports whether it was
// accepted: an APIC that is not addressed, or is disabled, takes nothing.
// NMI, INIT, SMI and SIPI do not need the software enable (SDM 11.4.7.2); SMI
// (there is no system management mode) and SIPI (the processor does not wait
// for one) are accepted and have no effect.
func (l *Local) Deliver(m Message) bool {
	if !l.enabled() || !l.addressed(m.Dest, m.Logical) {
		return false
	}
	switch m.Mode {
	case modeFixed, modeLowest:
		return l.accept(m.Vector, m.Level)
	case modeNMI:
		l.cfg.NMI()
	case modeINIT:
		l.resetRegisters()
		l.update()
		l.cfg.Init()
	case modeExtINT:
		if !l.softwareEnabled() {
			return false
		}
		l.s.ExtINT = true
		l.update()
	}
	return true
}

// accept requests a vector. A vector below 16 is an error (SDM 11.5.3).
func (l *Local) accept(vector uint8, level bool) bool {
	if !l.softwareEnabled() {
		return false
	}
	if vector < 16 {
		l.recordError(errReceiveVector)
		return false
	}
	l.s.IRR.set(vector)
	if level {
		l.s.TMR.set(vector)
	} else {
		l.s.TMR.clear(vector)
	}
	l.update()
	return true
}

// addressed reports whether a destination names this APIC (SDM 11.6.2).
func (l *Local) addressed(dest uint8, logical bool) bool {
	if dest == 0xFF {
		return true
	}
	if !logical {
		return dest == uint8(l.s.ID>>24)
	}
	id := uint8(l.s.LDR >> 24)
	switch l.s.DFR >> 28 {
	case 0xF: // flat: a bit per APIC
		return dest&id != 0
	case 0: // cluster: cluster number and a bit per APIC in it
		return (dest>>4 == id>>4 || dest>>4 == 0xF) && dest&id&0xF != 0
	}
	return false
}

// Fields of the interrupt command register, low half (SDM 11.6.1).
const (
	icrLogical  = 1 << 11
	icrAssert   = 1 << 14
	icrLevel    = 1 << 15
	icrWritable = 0xFF | 7<<8 | icrLogical | icrAssert | icrLevel | 3<<18
)

// send carries out the command in the ICR. The message arrives at once, so that
// the delivery status always reads idle. Interprocessor interrupts are
// edge-triggered whatever bit 15 says, and the INIT level de-assert is ignored,
// as on processors since the Pentium 4.
func (l *Local) send() {
	icr := l.s.ICR[0]
	m := Message{
		Dest:    uint8(l.s.ICR[1] >> 24),
		Logical: icr&icrLogical != 0,
		Mode:    Mode(icr >> 8 & 7),
		Vector:  uint8(icr),
	}
	switch icr >> 18 & 3 {
	case 1, 2: // self, all including self
		m.Dest, m.Logical = uint8(l.s.ID>>24), false
	case 3: // all excluding self: there is nobody
		return
	}
	switch {
	case m.Mode == modeExtINT, m.Mode == modeINIT && icr&(icrLevel|icrAssert) == icrLevel:
		return
	case m.Mode <= modeLowest && m.Vector < 16:
		l.recordError(errSendVector)
		return
	}
	l.Deliver(m)
}
