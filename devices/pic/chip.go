// SPDX-License-Identifier: GPL-2.0-or-later

package pic

import "math/bits"

// What the next write to the odd port means (8259A figure 6, initialization).
const (
	ready = iota // operation: OCW1
	wantICW2
	wantICW3
	wantICW4
)

// chip is one 8259A; it is saved as it stands.
//
// An edge stays in IRR until it is acknowledged, also if the input falls
// before. The data sheet makes that case a spurious IRQ 7; latching it, as PC
// chipsets' models commonly do, loses no interrupt and needs no pulse widths.
type chip struct {
	Inputs uint8 // present levels of IR0..IR7
	IRR    uint8 // interrupt request register
	ISR    uint8 // in-service register
	IMR    uint8 // interrupt mask register
	Level  uint8 // ELCR: a set bit makes that input level-triggered
	Base   uint8 // vector of IR0, a multiple of 8
	Lowest uint8 // input of lowest priority, 0..7; 7 unless rotated

	Init     uint8 // ready, wantICW2 ...
	Single   bool  // ICW1 SNGL: no ICW3 follows
	NeedICW4 bool  // ICW1 IC4

	AutoEOI       bool // ICW4 AEOI
	Nested        bool // ICW4 SFNM, special fully nested mode (master only)
	RotateAutoEOI bool // OCW2: rotate in automatic EOI mode
	SpecialMask   bool // OCW3 SMM
	Poll          bool // OCW3 P: the next read is an acknowledge
	ReadISR       bool // OCW3 RIS: the even port reads ISR and not IRR
}

// input sets the level of one input.
func (c *chip) input(irq int, high bool) {
	bit := uint8(1) << irq
	switch {
	case high && c.Inputs&bit == 0:
		c.Inputs |= bit
		c.IRR |= bit
	case !high:
		c.Inputs &^= bit
		c.IRR &^= bit & c.Level
	}
}

// setLevel changes which inputs are level-triggered. A level input requests
// while it is high; an input that becomes edge-triggered waits for an edge.
func (c *chip) setLevel(level uint8) {
	changed := c.Level ^ level
	c.Level = level
	c.IRR = c.IRR&^changed | c.Inputs&level
}

// first returns the input of highest priority among those in set and its rank,
// 0 the highest; rank 8 if set is empty. Priorities rotate: the input after
// c.Lowest ranks first (8259A, "Automatic Rotation").
func (c *chip) first(set uint8) (irq, rank int) {
	top := int(c.Lowest+1) & 7
	rank = bits.TrailingZeros8(bits.RotateLeft8(set, -top))
	return (rank + top) & 7, rank
}

// request returns the input that INT asks an acknowledge for. A chip that is
// being initialized asks for none.
func (c *chip) request() (irq int, ok bool) {
	if c.Init != ready {
		return 0, false
	}
	inService := c.ISR
	if c.SpecialMask { // a masked level does not hold back lower ones
		inService &^= c.IMR
	}
	irq, rank := c.first(c.IRR &^ c.IMR)
	_, busy := c.first(inService)
	if c.Nested && rank == busy && rank < 8 && irq == cascade {
		return irq, true // the slave interrupts itself at a higher level
	}
	return irq, rank < busy
}

// acknowledge is the chip's part in an INTA cycle or a poll.
func (c *chip) acknowledge(irq int) {
	bit := uint8(1) << irq
	c.IRR &^= bit &^ (c.Level & c.Inputs) // a level that is still high asks on
	if !c.AutoEOI {
		c.ISR |= bit
	} else if c.RotateAutoEOI {
		c.Lowest = uint8(irq)
	}
}

func (c *chip) read(odd uint16) uint8 {
	switch {
	case c.Poll: // 8259A, "Poll Command": bit 7 and the input's number
		c.Poll = false
		irq, ok := c.request()
		if !ok {
			return 0
		}
		c.acknowledge(irq)
		return 0x80 | uint8(irq)
	case odd == 1:
		return c.IMR
	case c.ReadISR:
		return c.ISR
	}
	return c.IRR
}

func (c *chip) write(odd uint16, v uint8) {
	switch {
	case odd == 1:
		c.writeOdd(v)
	case v&0x10 != 0:
		c.icw1(v)
	case v&0x08 != 0:
		c.ocw3(v)
	default:
		c.ocw2(v)
	}
}

// icw1 starts the initialization sequence. It clears the edge detectors, so an
// edge-triggered input that is high must fall and rise again. LTIM (bit 3) is
// replaced by the ELCR in a PCI chipset and ignored.
func (c *chip) icw1(v uint8) {
	*c = chip{
		Inputs: c.Inputs, Level: c.Level, IRR: c.Inputs & c.Level,
		Lowest: 7,
		Init:   wantICW2, Single: v&2 != 0, NeedICW4: v&1 != 0,
	}
}

// writeOdd takes ICW2..ICW4 in order, then OCW1. ICW3 is accepted and ignored:
// the cascade is wired to input 2. In ICW4 the 8085 mode and buffered mode bits
// are ignored, as in a PC they must be.
func (c *chip) writeOdd(v uint8) {
	switch c.Init {
	case ready:
		c.IMR = v
		return
	case wantICW2:
		c.Base = v & 0xf8
	case wantICW4:
		c.AutoEOI = v&2 != 0
		c.Nested = v&0x10 != 0
	}
	switch {
	case c.Init == wantICW2 && !c.Single:
		c.Init = wantICW3
	case c.Init != wantICW4 && c.NeedICW4:
		c.Init = wantICW4
	default:
		c.Init = ready
	}
}

// ocw2 ends interrupts and rotates priorities (8259A, figure 8).
func (c *chip) ocw2(v uint8) {
	rotate, specific, eoi := v&0x80 != 0, v&0x40 != 0, v&0x20 != 0
	irq := int(v & 7)
	if !specific && !eoi { // rotate in automatic EOI mode: set or clear
		c.RotateAutoEOI = rotate
		return
	}
	if eoi && !specific {
		inService := c.ISR
		if c.SpecialMask { // a masked level is not ended by a non-specific EOI
			inService &^= c.IMR
		}
		rank := 0
		if irq, rank = c.first(inService); rank == 8 {
			return
		}
	}
	if eoi {
		c.ISR &^= 1 << irq
	}
	if rotate {
		c.Lowest = uint8(irq)
	}
}

// ocw3 sets special mask mode, polls and selects the register to read.
func (c *chip) ocw3(v uint8) {
	if v&0x40 != 0 {
		c.SpecialMask = v&0x20 != 0
	}
	c.Poll = v&4 != 0
	if v&2 != 0 && !c.Poll { // the poll overrides a read command
		c.ReadISR = v&1 != 0
	}
}
