// SPDX-License-Identifier: GPL-2.0-or-later

// Package serial models the 16550A UART of a PC's COM port.
//
// Source: National Semiconductor PC16550D data sheet (1995), section 8,
// "Registers". Register bits are named as there.
//
// Transmission takes no time: a character leaves as it is written and the
// transmitter is always empty. Reception takes no time either, but the receiver
// timeout is timed by the programmed baud rate. Host bytes wait in a backlog
// and enter the receiver as the guest makes room, so the host's speed never
// loses any; only loopback can overrun the receiver.
package serial

import (
	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// Ports is how many I/O ports the UART takes.
const Ports = 8

// Backlog is how many host bytes can wait for room in the receiver.
const Backlog = 4096

const version = 1

// fifoSize is the depth of the receiver's FIFO; without it one byte is held.
const fifoSize = 16

// state is everything saved. The interrupt output, the IIR and whether the
// timeout timer is armed follow from it.
type state struct {
	IER, FCR, LCR, MCR, SCR uint8
	LSR                     uint8  // the error bits OE, PE, FE, BI only
	MSR                     uint8  // with the delta bits
	Divisor                 uint16 // DLL and DLM

	THRI      bool   // "transmitter holding register empty" is to be reported
	Timeout   bool   // the receiver timeout has passed
	TimeoutAt uint64 // virtual ns at which it passes if the receiver is left alone

	FIFO     [fifoSize]uint8 // receiver, oldest byte at FIFOHead
	FIFOHead uint8
	FIFOLen  uint8

	Wait     [Backlog]uint8 // host bytes not yet received, oldest at WaitHead
	WaitHead uint16
	WaitLen  uint16
}

// Config is what a UART is built from.
type Config struct {
	Name  string // "com1"; unique in a board
	Clock *icount.Clock
	// IRQ is the INTR pin. OUT2, which gates it on a PC's adapter, does not here:
	// guests written for emulators rarely set it.
	IRQ  devices.Line
	Sink func(c byte) // takes each character sent; nil discards them
}

// UART is one 16550A. Map it at any multiple of 8.
type UART struct {
	s     state
	cfg   Config
	timer *icount.Timer // receiver timeout
}

var (
	_ devices.Device = (*UART)(nil)
	_ devices.Ports  = (*UART)(nil)
)

// New returns a UART in its power-on state.
func New(cfg Config) *UART {
	if cfg.Sink == nil {
		cfg.Sink = func(byte) {}
	}
	u := &UART{cfg: cfg}
	u.timer = cfg.Clock.NewTimer(u.timedOut)
	u.Reset()
	return u
}

// Name returns the configured name.
func (u *UART) Name() string { return u.cfg.Name }

// Reset is the master reset (table I of the data sheet), which drops received
// characters and the backlog too. The scratch register and the divisor, which
// the pin leaves alone, take their power-on values: zero and 12 (9,600 baud).
func (u *UART) Reset() {
	u.s = state{Divisor: 12, MSR: connected}
	u.update()
}

// Save returns the registers, the receiver and the backlog.
func (u *UART) Save() []byte { return devices.EncodeState(version, &u.s) }

// NewState implements devices.Device.
func (u *UART) NewState() any { return new(state) }

// Load restores what Save saved.
func (u *UART) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(u.Name(), blob, version, &s); err != nil {
		return err
	}
	if s.FIFOLen > fifoSize || s.FIFOHead >= fifoSize || s.WaitLen > Backlog || s.WaitHead >= Backlog {
		return &devices.StateError{Device: u.Name(), Reason: "a receive queue is longer than its room"}
	}
	u.s = s
	u.update()
	return nil
}

// In reads registers at consecutive ports, one for each byte.
func (u *UART) In(port uint16, size int) uint32 {
	return devices.InBytes(port, size, func(port uint16) uint8 { return u.read(port % Ports) })
}

// Out writes registers at consecutive ports, one for each byte.
func (u *UART) Out(port uint16, size int, value uint32) {
	devices.OutBytes(port, size, value, func(port uint16, b uint8) { u.write(port%Ports, b) })
}

// update drives the interrupt output and arms the timeout timer, both as the
// state demands; it runs after every change.
func (u *UART) update() {
	u.cfg.IRQ.Set(u.interrupt() != iirNone)
	// Above the trigger level the interrupt is already there, and below an
	// enabled interrupt nobody can see the timeout.
	waiting := u.fifoOn() && u.s.FIFOLen > 0 && !u.s.Timeout
	if waiting && u.s.IER&ierRDA != 0 && u.s.FIFOLen < u.trigger() {
		u.timer.Arm(u.s.TimeoutAt)
	} else {
		u.timer.Disarm()
	}
}
