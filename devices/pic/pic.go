// SPDX-License-Identifier: GPL-2.0-or-later

// Package pic models the two cascaded 8259A programmable interrupt controllers
// of a PC with the edge/level control registers of a PCI chipset.
//
// Sources: Intel 8259A data sheet (order 231468) for the chip; Intel 82371SB
// (PIIX3) data sheet, "Interrupt Controller", for the wiring and the ELCR.
package pic

import (
	"fmt"

	"github.com/vmrr/vmrr/devices"
)

// The I/O ports, two chips and their edge/level control registers.
const (
	MasterPort = 0x20 // 2 ports
	SlavePort  = 0xa0 // 2 ports
	ELCRPort   = 0x4d0
	Ports      = 2 // at each of the three
)

// cascade is the input of the master that the slave's INT output drives.
const cascade = 2

// Inputs that may be switched to level (PIIX3, ELCR1 and ELCR2): not the timer,
// keyboard and cascade on the master, nor the RTC and FPU on the slave.
var levelAllowed = [2]uint8{0xf8, 0xde}

const version = 1

// state is everything saved. The INTR level follows from it.
type state struct {
	Chips [2]chip // master, slave
}

// Config is what a PIC is built from.
type Config struct {
	INTR devices.Line // to the CPU, high while a request waits for Ack
}

// PIC is the pair of controllers. Map it at MasterPort, SlavePort and ELCRPort.
type PIC struct {
	s    state
	intr devices.Line
}

var (
	_ devices.Device = (*PIC)(nil)
	_ devices.Ports  = (*PIC)(nil)
)

// New returns the pair in its power-on state.
func New(cfg Config) *PIC {
	p := &PIC{intr: cfg.INTR}
	p.Reset()
	return p
}

// Name returns "pic".
func (p *PIC) Name() string { return "pic" }

// Reset forgets all programming and all requests. The 8259A has no reset pin
// and powers up undefined: vmrr chooses zeroes, all inputs edge-triggered. The
// levels of the inputs are kept: they belong to the devices that drive them.
func (p *PIC) Reset() {
	for i := range p.s.Chips {
		p.s.Chips[i] = chip{Inputs: p.s.Chips[i].Inputs, Lowest: 7}
	}
	p.update()
}

// Save returns the state of both chips.
func (p *PIC) Save() []byte { return devices.EncodeState(version, &p.s) }

// NewState implements devices.Device.
func (p *PIC) NewState() any { return new(state) }

// Load restores both chips and drives INTR.
func (p *PIC) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(p.Name(), blob, version, &s); err != nil {
		return err
	}
	p.s = s
	p.intr.Set(p.Pending())
	return nil
}

// Line returns interrupt input irq, 0..15. Input 2 is the cascade: its line
// leads nowhere. Line panics outside that range.
func (p *PIC) Line(irq int) devices.Line {
	if irq < 0 || irq > 15 {
		panic(fmt.Sprintf("the PIC has no IRQ %d", irq))
	}
	return devices.LineFunc(func(high bool) {
		if irq != cascade {
			p.s.Chips[irq>>3].input(irq&7, high)
			p.update()
		}
	})
}

// Pending reports the level of INTR.
func (p *PIC) Pending() bool {
	_, ok := p.s.Chips[0].request()
	return ok
}

// Ack runs the CPU's interrupt acknowledge cycle and returns the vector. A chip
// whose request has gone meanwhile answers as if for its input 7, without
// setting the in-service bit: the spurious IRQ 7 or 15 (8259A, "Interrupt
// Sequence", step 6).
func (p *PIC) Ack() uint8 {
	master, slave := &p.s.Chips[0], &p.s.Chips[1]
	vector := uint8(0)
	switch irq, ok := master.request(); {
	case !ok:
		vector = master.Base | 7
	case irq != cascade:
		master.acknowledge(irq)
		vector = master.Base | uint8(irq)
	default:
		master.acknowledge(cascade)
		irq, ok := slave.request()
		if ok {
			slave.acknowledge(irq)
			// INT drops with every acknowledge, so that a further request
			// (automatic EOI, special mask mode) is a new edge at the master.
			master.input(cascade, false)
		} else {
			irq = 7
		}
		vector = slave.Base | uint8(irq)
	}
	p.update()
	return vector
}

// In reads the chips' registers.
func (p *PIC) In(port uint16, size int) uint32 {
	v := devices.InBytes(port, size, p.read)
	p.update()
	return v
}

// Out writes the chips' registers.
func (p *PIC) Out(port uint16, size int, value uint32) {
	devices.OutBytes(port, size, value, func(port uint16, b uint8) {
		p.write(port, b)
		p.update()
	})
}

func (p *PIC) read(port uint16) uint8 {
	switch port {
	case MasterPort, MasterPort + 1:
		return p.s.Chips[0].read(port & 1)
	case SlavePort, SlavePort + 1:
		polled := p.s.Chips[1].Poll
		v := p.s.Chips[1].read(port & 1)
		if polled { // a poll is an acknowledge: INT drops
			p.s.Chips[0].input(cascade, false)
		}
		return v
	case ELCRPort, ELCRPort + 1:
		return p.s.Chips[port&1].Level
	}
	return 0xff
}

func (p *PIC) write(port uint16, v uint8) {
	switch port {
	case MasterPort, MasterPort + 1:
		p.s.Chips[0].write(port&1, v)
	case SlavePort, SlavePort + 1:
		p.s.Chips[1].write(port&1, v)
		p.s.Chips[1].Nested = false // SFNM is about slaves, and the slave has none
	case ELCRPort, ELCRPort + 1:
		p.s.Chips[port&1].setLevel(v & levelAllowed[port&1])
	}
}

// update carries the slave's INT to the master and the master's to the CPU.
func (p *PIC) update() {
	_, ok := p.s.Chips[1].request()
	p.s.Chips[0].input(cascade, ok)
	p.intr.Set(p.Pending())
}
