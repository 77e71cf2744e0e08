// SPDX-License-Identifier: GPL-2.0-or-later

package apic

// The model-specific registers of the local APIC (SDM vol. 4).
const (
	MSRBase        = 0x01B // IA32_APIC_BASE
	MSRTSCDeadline = 0x6E0 // IA32_TSC_DEADLINE
)

// Bits of IA32_APIC_BASE (SDM 11.4.4).
const (
	baseBSP    = 1 << 8
	baseEnable = 1 << 11
)

// ReadMSR reads a model-specific register of the local APIC; ok is false for
// any other index, the x2APIC's included.
func (l *Local) ReadMSR(index uint32) (value uint64, ok bool) {
	switch index {
	case MSRBase:
		return l.s.Base, true
	case MSRTSCDeadline: // zero once it is reached (SDM 11.5.4.1)
		if l.cfg.TSC() >= l.s.Timer.Deadline {
			return 0, true
		}
		return l.s.Timer.Deadline, true
	}
	return 0, false
}

// WriteMSR writes a model-specific register of the local APIC; ok is false for
// another index or a refused value. IA32_APIC_BASE takes no other base than
// LocalBase, no x2APIC mode and no reserved bit; the BSP bit does not change.
// IA32_TSC_DEADLINE is ignored outside TSC-deadline mode.
func (l *Local) WriteMSR(index uint32, value uint64) (ok bool) {
	switch index {
	case MSRBase:
		return l.writeBase(value)
	case MSRTSCDeadline:
		if l.timerMode() == timerDeadline {
			now := l.cfg.Clock.Now()
			l.settle(now)
			l.s.Timer.Deadline = value
			l.schedule(now)
		}
		return true
	}
	return false
}

// writeBase writes IA32_APIC_BASE. A globally disabled APIC loses its registers,
// and its pins are the processor's INTR and NMI (SDM 11.4.3).
func (l *Local) writeBase(value uint64) (ok bool) {
	if value&^(baseBSP|baseEnable) != LocalBase {
		return false
	}
	was := l.enabled()
	l.s.Base = LocalBase | baseBSP | value&baseEnable
	if was && !l.enabled() {
		l.resetRegisters()
	}
	l.update()
	return true
}

// TSCChanged tells the timer that the processor's time-stamp counter was
// written, so that a TSC deadline now falls on another instant.
func (l *Local) TSCChanged() {
	if l.timerMode() == timerDeadline {
		now := l.cfg.Clock.Now()
		l.settle(now)
		l.schedule(now)
	}
}
