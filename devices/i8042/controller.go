// SPDX-License-Identifier: GPL-2.0-or-later

package i8042

import "github.com/vmrr/vmrr/devices"

// Controller commands, written to StatusPort. 0x20..0x3f read and 0x60..0x7f
// write a byte of its memory.
const (
	ctlPasswordTest = 0xa4
	ctlDisableAux   = 0xa7
	ctlEnableAux    = 0xa8
	ctlTestAux      = 0xa9
	ctlSelfTest     = 0xaa
	ctlTestKbd      = 0xab
	ctlDisableKbd   = 0xad
	ctlEnableKbd    = 0xae
	ctlReadInput    = 0xc0
	ctlReadOutput   = 0xd0
	ctlWriteOutput  = 0xd1
	ctlLoopKbd      = 0xd2
	ctlLoopAux      = 0xd3
	ctlWriteAux     = 0xd4
	ctlCloseA20     = 0xdd // not IBM's, but common; so is the next
	ctlOpenA20      = 0xdf
	ctlReadTest     = 0xe0
	ctlPulse        = 0xf0 // the low four bits are the output pins, active low
)

// Bits of the output port; the rest are the devices' clock and data lines, idle.
const (
	outRun  = 1 << 0 // low resets the CPU
	outA20  = 1 << 1
	outKbd  = 1 << 4 // output buffer full, IRQ 1
	outAux  = 1 << 5 // output buffer full, IRQ 12
	outIdle = 0xcc
)

const (
	selfTestOK   = 0x55
	interfaceOK  = 0x00
	noPassword   = 0xf1
	inputPort    = 0xa0 // keyboard not inhibited, no manufacturing jumper
	noAuxAnswer  = 0xfe // with statusTimeout: nothing is plugged in
	testInputs   = 0x00
	ramMask      = 0x1f
	readRAM      = 0x20
	writeRAM     = 0x60
	ramCommands  = 0xe0 // mask that finds readRAM and writeRAM
	pulseCommand = 0xf0 // mask
)

func (c *Controller) status() uint8 {
	v := uint8(statusUnlock)
	if c.s.Full {
		v |= statusFull
	}
	if c.s.RAM[0]&cmdSystem != 0 {
		v |= statusSystem
	}
	if c.s.Commanded {
		v |= statusCommand
	}
	if c.s.Full && c.s.Output.Aux {
		v |= statusAux
	}
	if c.s.Full && c.s.Output.Timeout {
		v |= statusTimeout
	}
	return v
}

// command runs a controller command; unknown ones do nothing.
func (c *Controller) command(v uint8) {
	c.s.Pending = 0
	reset := false
	switch {
	case v&ramCommands == readRAM:
		c.answer(answer{Byte: c.s.RAM[v&ramMask]})
	case v&ramCommands == writeRAM:
		c.s.Pending = v
	case v&pulseCommand == ctlPulse:
		reset = v&outRun == 0
	}
	switch v {
	case ctlWriteOutput, ctlLoopKbd, ctlLoopAux, ctlWriteAux:
		c.s.Pending = v
	case ctlPasswordTest:
		c.answer(answer{Byte: noPassword})
	case ctlDisableAux:
		c.s.RAM[0] |= cmdDisableAux
	case ctlEnableAux:
		c.s.RAM[0] &^= cmdDisableAux
	case ctlTestAux, ctlTestKbd:
		c.answer(answer{Byte: interfaceOK})
	case ctlSelfTest:
		c.s.RAM[0] |= cmdSystem
		c.answer(answer{Byte: selfTestOK})
	case ctlDisableKbd:
		c.s.RAM[0] |= cmdDisableKbd
	case ctlEnableKbd:
		c.s.RAM[0] &^= cmdDisableKbd
	case ctlReadInput:
		c.answer(answer{Byte: inputPort})
	case ctlReadOutput:
		c.answer(answer{Byte: c.outputPort()})
	case ctlCloseA20, ctlOpenA20:
		c.setA20(v == ctlOpenA20)
	case ctlReadTest:
		c.answer(answer{Byte: testInputs})
	}
	c.refill()
	if reset {
		devices.Pulse(c.cfg.Reset)
	}
}

// data takes the byte a command waits for, or one for the keyboard.
func (c *Controller) data(v uint8) {
	pending := c.s.Pending
	c.s.Pending = 0
	reset := false
	switch {
	case pending == 0: // sending to a device enables its interface
		c.s.RAM[0] &^= cmdDisableKbd
		c.s.Keyboard.command(v)
	case pending == ctlWriteOutput:
		c.setA20(v&outA20 != 0)
		reset = v&outRun == 0
	case pending == ctlLoopKbd:
		c.answer(answer{Byte: v})
	case pending == ctlLoopAux:
		c.answer(answer{Byte: v, Aux: true})
	case pending == ctlWriteAux:
		c.s.RAM[0] &^= cmdDisableAux
		c.answer(answer{Byte: noAuxAnswer, Aux: true, Timeout: true})
	default:
		c.s.RAM[pending&ramMask] = v
	}
	c.refill()
	if reset {
		devices.Pulse(c.cfg.Reset)
	}
}

func (c *Controller) outputPort() uint8 {
	v := uint8(outIdle | outRun)
	if c.s.A20 {
		v |= outA20
	}
	if c.s.Full && !c.s.Output.Aux {
		v |= outKbd
	}
	if c.s.Full && c.s.Output.Aux {
		v |= outAux
	}
	return v
}

// answer queues a byte of the controller's own. A guest that gives commands
// without reading the answers loses those beyond the fourth.
func (c *Controller) answer(a answer) {
	if int(c.s.Waiting) < len(c.s.Answers) {
		c.s.Answers[c.s.Waiting] = a
		c.s.Waiting++
	}
}

// refill puts the next byte into the output buffer if it is empty: the
// controller's answers first, then the keyboard's bytes if its interface is
// enabled. It then drives the lines.
func (c *Controller) refill() {
	switch {
	case c.s.Full:
	case c.s.Waiting > 0:
		c.s.Output, c.s.Full = c.s.Answers[0], true
		copy(c.s.Answers[:], c.s.Answers[1:])
		c.s.Waiting--
	case c.s.RAM[0]&cmdDisableKbd == 0:
		for !c.s.Full {
			v, ok := c.s.Keyboard.next()
			if !ok {
				break
			}
			if v, ok = c.translated(v); ok {
				c.s.Output, c.s.Full = answer{Byte: v}, true
			}
		}
	}
	c.drive()
}
