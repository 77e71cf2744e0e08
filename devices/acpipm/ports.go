// SPDX-License-Identifier: GPL-2.0-or-later

package acpipm

import "github.com/vmrr/vmrr/devices"

// Offsets of the 16-bit registers; GPE0's are empty.
const (
	regStatus  = Event
	regEnable  = Event + 2
	regControl = Control
)

// In reads a port. The timer may be read in parts; each part is of the value at
// its own instant.
func (p *PM) In(port uint16, size int) uint32 {
	offset := port - p.cfg.Base
	var value uint64
	for word := offset &^ 1; word < offset+uint16(size); word += 2 {
		value |= uint64(p.word(word)) << (8 * (word - offset&^1))
	}
	return uint32(value >> (8 * (offset & 1)) & devices.Ones(size))
}

// Out writes a port. The registers are 16 bits wide; bytes that an access does
// not name keep their value, and in the status register a one clears.
func (p *PM) Out(port uint16, size int, value uint32) {
	offset := port - p.cfg.Base
	data := uint64(value) & devices.Ones(size) << (8 * (offset & 1))
	named := devices.Ones(size) << (8 * (offset & 1))
	for word := offset &^ 1; word < offset+uint16(size); word += 2 {
		shift := 8 * (word - offset&^1)
		p.setWord(word, uint16(data>>shift), uint16(named>>shift))
	}
}

// word reads the 16-bit register at an even offset.
func (p *PM) word(offset uint16) uint16 {
	switch offset {
	case regStatus:
		return p.status()
	case regEnable:
		return p.s.Enable
	case regControl:
		return p.s.Control | controlSCI
	case Timer:
		return uint16(TimerValue(p.cfg.Clock.Now()))
	case Timer + 2:
		return uint16(TimerValue(p.cfg.Clock.Now()) >> 16)
	}
	return 0
}

// setWord writes those bits of the register at an even offset that are named.
func (p *PM) setWord(offset, value, named uint16) {
	switch offset {
	case regStatus:
		clear := value & named & statusBits
		p.s.Status &^= clear
		if clear&bitTimer != 0 {
			p.s.Half = halves(p.cfg.Clock.Now())
		}
		p.update()
	case regEnable:
		p.s.Enable = p.s.Enable&^named | value&named&enableBits
		p.update()
	case regControl:
		p.s.Control = p.s.Control&^(named&controlBits) | value&named&controlBits
		// SLP_EN is write-only. Of the sleeping states there is S5 alone.
		if value&named&controlSleepEnable != 0 && p.s.Control>>controlSleepType&7 == SleepS5 {
			p.cfg.PowerOff()
		}
	}
}
