// SPDX-License-Identifier: GPL-2.0-or-later

// Package i8042 models the keyboard controller of a PC AT/PS2, the keyboard
// behind it, and port 0x92, which drives the same A20 and reset lines. The
// auxiliary (mouse) interface is there with nothing plugged into it.
//
// Sources: IBM PC AT Technical Reference, "Keyboard Controller" and "Keyboard";
// IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary
// Device Controller" and "System Control Port A".
//
// Commands and serial transfers take no time: an answer is there at once, and
// the next byte follows as soon as the one before has been read.
package i8042

import "github.com/vmrr/vmrr/devices"

// The I/O ports, one byte each.
const (
	DataPort   = 0x60
	StatusPort = 0x64 // commands when written
	Port92     = 0x92 // system control port A
)

// Bits of the status register.
const (
	statusFull    = 1 << 0 // output buffer full
	statusSystem  = 1 << 2 // the system bit of the command byte
	statusCommand = 1 << 3 // the last write was to StatusPort
	statusUnlock  = 1 << 4 // the keyboard lock is open
	statusAux     = 1 << 5 // the output buffer is the auxiliary device's
	statusTimeout = 1 << 6 // the device did not answer
)

// Bits of the command byte.
const (
	cmdIRQ1       = 1 << 0
	cmdIRQ12      = 1 << 1
	cmdSystem     = 1 << 2
	cmdDisableKbd = 1 << 4
	cmdDisableAux = 1 << 5
	cmdTranslate  = 1 << 6 // scan code set 2 to set 1
)

// Bits of port 0x92.
const (
	fastReset = 1 << 0 // a rise resets the CPU
	fastA20   = 1 << 1
)

const version = 1

// answer is one byte in, or on its way to, the output buffer.
type answer struct {
	Byte         uint8
	Aux, Timeout bool
}

// state is everything saved. The interrupt levels follow from it.
type state struct {
	RAM       [32]uint8 // the controller's; byte 0 is the command byte
	Pending   uint8     // a command that waits for its data byte, or 0
	Commanded bool      // statusCommand
	A20       bool
	FastReset bool // bit 0 of port 0x92

	Output  answer    // output buffer; when it is read it keeps the byte
	Full    bool      // and is not full
	Answers [4]answer // the controller's own, next into the buffer
	Waiting uint8     // how many there are

	Breaking bool // translation has swallowed 0xf0: the next key is released
	Keyboard keyboard
}

// Config is what a Controller is built from.
type Config struct {
	KbdIRQ devices.Line // IRQ 1
	AuxIRQ devices.Line // IRQ 12
	A20    devices.Line // high: address bit 20 passes
	// Reset is pulsed to reset the machine, always as the last act of an access,
	// so that the board may call the devices' Reset at once or later.
	Reset devices.Line
}

// Controller is the keyboard controller with its keyboard and port 0x92.
type Controller struct {
	s   state
	cfg Config
}

var (
	_ devices.Device = (*Controller)(nil)
	_ devices.Ports  = (*Controller)(nil)
)

// New returns a controller in its power-on state.
func New(cfg Config) *Controller {
	c := &Controller{cfg: cfg}
	c.Reset()
	return c
}

// Name returns "i8042".
func (c *Controller) Name() string { return "i8042" }

// Reset is power-on: both interfaces enabled with their interrupts, no
// translation, the keyboard scanning, and A20 open so that the CPU can fetch
// from the top of its address space.
func (c *Controller) Reset() {
	c.s = state{A20: true}
	c.s.RAM[0] = cmdIRQ1 | cmdIRQ12
	c.s.Keyboard.reset()
	c.drive()
}

// Save returns the state of the controller and of the keyboard.
func (c *Controller) Save() []byte { return devices.EncodeState(version, &c.s) }

// NewState implements devices.Device.
func (c *Controller) NewState() any { return new(state) }

// Load restores what Save saved.
func (c *Controller) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(c.Name(), blob, version, &s); err != nil {
		return err
	}
	k := &s.Keyboard
	if int(s.Waiting) > len(s.Answers) || int(k.Replies.Len) > queueSize || int(k.Keys.Len) > queueSize {
		return &devices.StateError{Device: c.Name(), Reason: "a queue is longer than its room"}
	}
	c.s = s
	c.drive()
	return nil
}

// Receive takes scan codes (set 2, as an AT keyboard sends them) of keys that
// were pressed and released, and returns how many bytes were accepted: as many
// as there is Room for. While the guest has scanning disabled, what is accepted
// is forgotten.
func (c *Controller) Receive(scancodes []byte) int {
	n := c.s.Keyboard.press(scancodes)
	c.refill()
	return n
}

// Room returns how many bytes Receive accepts now.
func (c *Controller) Room() int { return c.s.Keyboard.room() }

// In reads a port. The ports after it are not this device's: a wider access
// reads them as undriven.
func (c *Controller) In(port uint16, size int) uint32 {
	return uint32(devices.Ones(size))&^0xff | uint32(c.read(port))
}

// Out writes the low byte of value to a port.
func (c *Controller) Out(port uint16, size int, value uint32) {
	v := uint8(value)
	switch port {
	case DataPort:
		c.s.Commanded = false
		c.data(v)
	case StatusPort:
		c.s.Commanded = true
		c.command(v)
	case Port92:
		c.writePort92(v)
	}
}

func (c *Controller) read(port uint16) uint8 {
	switch port {
	case DataPort:
		v := c.s.Output.Byte
		c.s.Full = false
		c.drive() // the request falls before the next byte raises it
		c.refill()
		return v
	case StatusPort:
		return c.status()
	case Port92:
		v := uint8(0)
		if c.s.A20 {
			v |= fastA20
		}
		if c.s.FastReset {
			v |= fastReset
		}
		return v
	}
	return 0xff
}

func (c *Controller) writePort92(v uint8) {
	rise := v&fastReset != 0 && !c.s.FastReset
	c.s.FastReset = v&fastReset != 0
	c.setA20(v&fastA20 != 0)
	if rise {
		devices.Pulse(c.cfg.Reset)
	}
}

// setA20 sets the one A20 latch that the controller and port 0x92 share.
func (c *Controller) setA20(open bool) {
	c.s.A20 = open
	c.drive()
}

// drive sets the output lines as the state says.
func (c *Controller) drive() {
	cmd := c.s.RAM[0]
	c.cfg.KbdIRQ.Set(c.s.Full && !c.s.Output.Aux && cmd&cmdIRQ1 != 0)
	c.cfg.AuxIRQ.Set(c.s.Full && c.s.Output.Aux && cmd&cmdIRQ12 != 0)
	c.cfg.A20.Set(c.s.A20)
}
