// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "github.com/vmrr/vmrr/devices"

// Entries of the local vector table, in the order of their registers from 0x320.
const (
	lvtTimer = iota
	lvtThermal
	lvtPerformance
	lvtLINT0
	lvtLINT1
	lvtError
	lvtCount
)

// Bits of a local vector table entry (SDM 11.5.1).
const (
	lvtVector     = 0xFF
	lvtModeShift  = 8 // three bits of delivery mode
	lvtPolarity   = 1 << 13
	lvtRemoteIRR  = 1 << 14
	lvtLevel      = 1 << 15
	lvtMasked     = 1 << 16
	lvtTimerShift = 17 // two bits of timer mode
)

// lvtWritable is what the guest can write of each entry.
var lvtWritable = [lvtCount]uint32{
	lvtTimer:       lvtVector | lvtMasked | 3<<lvtTimerShift,
	lvtThermal:     lvtVector | lvtMasked | 7<<lvtModeShift,
	lvtPerformance: lvtVector | lvtMasked | 7<<lvtModeShift,
	lvtLINT0:       lvtVector | lvtMasked | 7<<lvtModeShift | lvtPolarity | lvtLevel,
	lvtLINT1:       lvtVector | lvtMasked | 7<<lvtModeShift | lvtPolarity | lvtLevel,
	lvtError:       lvtVector | lvtMasked,
}

// lvtMode returns the delivery mode of an entry that has one.
func lvtMode(entry uint32) Mode { return Mode(entry >> lvtModeShift & 7) }

// Errors in the ESR (SDM 11.5.3).
const (
	errSendVector    = 1 << 5 // illegal vector in an IPI
	errReceiveVector = 1 << 6 // illegal vector in a message or LVT entry
	errRegister      = 1 << 7 // access to a register that does not exist
)

// writeLVT writes entry i. While the APIC is software-disabled the mask bit
// cannot be cleared (SDM 11.4.7.2).
func (l *Local) writeLVT(i int, value uint32) {
	entry := value & lvtWritable[i]
	if !l.softwareEnabled() {
		entry |= lvtMasked
	}
	switch i {
	case lvtTimer:
		l.writeTimerLVT(entry)
		return
	case lvtLINT0, lvtLINT1:
		if entry&lvtLevel != 0 {
			entry |= l.s.LVT[i] & lvtRemoteIRR
		}
		l.s.LVT[i] = entry
		l.levelPin(i - lvtLINT0)
	default:
		l.s.LVT[i] = entry
	}
	l.update()
}

// writeSVR writes the spurious vector register; disabling masks every LVT entry.
func (l *Local) writeSVR(value uint32) {
	l.s.SVR = value & (svrEnable | 0xFF)
	if !l.softwareEnabled() {
		for i, entry := range l.s.LVT {
			l.writeLVT(i, entry)
		}
	}
}

// LINT0 returns the input pin that the 8259's INTR output drives.
func (l *Local) LINT0() devices.Line { return l.pin(0) }

// LINT1 returns the input pin that the board's NMI sources drive.
func (l *Local) LINT1() devices.Line { return l.pin(1) }

func (l *Local) pin(i int) devices.Line {
	return devices.LineFunc(func(high bool) {
		if l.s.Pins[i] == high {
			return
		}
		l.s.Pins[i] = high
		if high {
			l.edgePin(i)
			l.levelPin(i)
		}
		l.update()
	})
}

// edgePin acts on the rising edge of LINT i. An ExtINT is no event but a level
// (extINT), and SMI and INIT by pin do not exist on this board.
func (l *Local) edgePin(i int) {
	if !l.enabled() { // the pins are then plain INTR and NMI (SDM 11.4.3)
		if i == 1 {
			l.cfg.NMI()
		}
		return
	}
	entry := l.s.LVT[lvtLINT0+i]
	if entry&lvtMasked != 0 {
		return
	}
	switch lvtMode(entry) {
	case modeFixed:
		if i == 1 || entry&lvtLevel == 0 { // LINT1 is always edge-triggered
			l.accept(uint8(entry), false)
		}
	case modeNMI:
		l.cfg.NMI()
	}
}

// levelPin requests the interrupt of LINT0 if that is level-triggered, high and
// not waiting for the end of the last one.
func (l *Local) levelPin(i int) {
	entry := l.s.LVT[lvtLINT0+i]
	if i != 0 || !l.s.Pins[0] || entry&(lvtMasked|lvtLevel|lvtRemoteIRR) != lvtLevel || lvtMode(entry) != modeFixed {
		return
	}
	if l.accept(uint8(entry), true) {
		l.s.LVT[lvtLINT0] |= lvtRemoteIRR
	}
}

// endOfInterrupt takes the highest vector out of service and tells the sources
// of a level-triggered one, which may request it again (SDM 11.8.5).
func (l *Local) endOfInterrupt() {
	v, ok := l.s.ISR.highest()
	if !ok {
		return
	}
	l.s.ISR.clear(v)
	if l.s.TMR.has(v) {
		if lint0 := &l.s.LVT[lvtLINT0]; *lint0&lvtRemoteIRR != 0 && uint8(*lint0) == v {
			*lint0 &^= lvtRemoteIRR
			l.levelPin(0)
		}
		l.cfg.EOI(v)
	}
	l.update()
}

// recordError adds a bit to the errors the ESR will show, and requests the error
// interrupt for the first of its kind.
func (l *Local) recordError(bit uint32) {
	if l.s.Errors&bit != 0 {
		return
	}
	l.s.Errors |= bit
	if entry := l.s.LVT[lvtError]; entry&lvtMasked == 0 {
		l.accept(uint8(entry), false)
	}
}
