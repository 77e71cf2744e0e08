// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "github.com/vmrr/vmrr/devices"

// Offsets of the local APIC's registers in its page (SDM table 11-1).
const (
	regID       = 0x020
	regVersion  = 0x030
	regTPR      = 0x080
	regAPR      = 0x090
	regPPR      = 0x0A0
	regEOI      = 0x0B0
	regRRD      = 0x0C0
	regLDR      = 0x0D0
	regDFR      = 0x0E0
	regSVR      = 0x0F0
	regISR      = 0x100 // eight registers each, 16 bytes apart
	regTMR      = 0x180
	regIRR      = 0x200
	regESR      = 0x280
	regICRLow   = 0x300
	regICRHigh  = 0x310
	regLVT      = 0x320 // lvtCount registers
	regLVTLast  = regLVT + (lvtCount-1)*0x10
	regInitial  = 0x380
	regCurrent  = 0x390
	regDivide   = 0x3E0
	regInterval = 0x10
)

// versionValue: an integrated APIC (0x14) whose highest LVT entry is 5, without
// suppression of EOI broadcasts (SDM 11.4.8).
const versionValue = (lvtCount-1)<<16 | 0x14

const svrEnable = 1 << 8

// Read reads the page. Registers are 32 bits wide, 16 bytes apart; a narrower
// read gives the bytes it names, and bytes between registers are zero. While
// the APIC is globally disabled nothing answers at its page: all-ones.
func (l *Local) Read(offset uint64, size int) uint64 {
	if !l.enabled() {
		return devices.Ones(size)
	}
	value := uint64(l.readRegister(offset&^0xF)) >> (8 * (offset & 0xF)) // shifts by 64 and more give 0
	return value & devices.Ones(size)
}

// Write writes a register: 32 or 64 bits at its offset, of which the low 32
// count. Other sizes and offsets are ignored; the SDM leaves them undefined (11.4.1).
func (l *Local) Write(offset uint64, size int, value uint64) {
	if l.enabled() && offset%regInterval == 0 && size >= 4 {
		l.writeRegister(offset, uint32(value))
	}
}

func (l *Local) readRegister(reg uint64) uint32 {
	switch {
	case reg >= regISR && reg < regTMR:
		return l.s.ISR[(reg-regISR)/regInterval]
	case reg >= regTMR && reg < regIRR:
		return l.s.TMR[(reg-regTMR)/regInterval]
	case reg >= regIRR && reg < regESR:
		return l.s.IRR[(reg-regIRR)/regInterval]
	case reg >= regLVT && reg <= regLVTLast:
		return l.s.LVT[(reg-regLVT)/regInterval]
	}
	switch reg {
	case regID:
		return l.s.ID
	case regVersion:
		return versionValue
	case regTPR:
		return uint32(l.s.TPR)
	case regPPR:
		return uint32(l.processorPriority())
	case regAPR, regRRD, regEOI: // the bus they were for is gone; write-only
		return 0
	case regLDR:
		return l.s.LDR
	case regDFR:
		return l.s.DFR
	case regSVR:
		return l.s.SVR
	case regESR:
		return l.s.ESR
	case regICRLow:
		return l.s.ICR[0]
	case regICRHigh:
		return l.s.ICR[1]
	case regInitial:
		return l.s.Timer.Initial
	case regCurrent:
		return l.currentCount(l.cfg.Clock.Now())
	case regDivide:
		return l.s.Timer.Divide
	}
	l.recordError(errRegister)
	return 0
}

func (l *Local) writeRegister(reg uint64, value uint32) {
	if reg >= regLVT && reg <= regLVTLast {
		l.writeLVT(int(reg-regLVT)/regInterval, value)
		return
	}
	switch reg {
	case regID:
		l.s.ID = value & 0xFF000000
	case regTPR:
		l.s.TPR = uint8(value)
		l.update()
	case regEOI:
		l.endOfInterrupt()
	case regLDR:
		l.s.LDR = value & 0xFF000000
	case regDFR:
		l.s.DFR = value | 0x0FFFFFFF
	case regSVR:
		l.writeSVR(value)
	case regESR: // any write latches and clears what was recorded (SDM 11.5.3)
		l.s.ESR, l.s.Errors = l.s.Errors, 0
	case regICRLow:
		l.s.ICR[0] = value & icrWritable
		l.send()
	case regICRHigh:
		l.s.ICR[1] = value & 0xFF000000
	case regInitial:
		l.writeInitialCount(value)
	case regDivide:
		l.writeDivide(value)
	case regVersion, regAPR, regPPR, regRRD, regCurrent: // read-only
	default:
		if reg < regISR || reg >= regESR {
			l.recordError(errRegister)
		}
	}
}
