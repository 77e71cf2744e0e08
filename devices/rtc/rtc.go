// SPDX-License-Identifier: GPL-2.0-or-later

// Package rtc models the MC146818A real-time clock of a PC AT with 128 bytes of
// battery-backed CMOS memory, behind ports 0x70 (index) and 0x71 (data).
//
// Sources: Motorola MC146818A data sheet (1984); IBM PC AT Technical Reference,
// "Real-Time Clock/CMOS RAM"; byte 0x32, the century, as PC BIOSes place it.
//
// The time of day is a function of virtual time and of the base the board gave
// at power-on; it is stored only while the guest has the clock stopped.
package rtc

import (
	"fmt"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// The I/O ports.
const (
	Port  = 0x70
	Ports = 2
)

// Addresses in the chip.
const (
	regSeconds      = 0x00
	regSecondsAlarm = 0x01
	regMinutes      = 0x02
	regMinutesAlarm = 0x03
	regHours        = 0x04
	regHoursAlarm   = 0x05
	regWeekday      = 0x06
	regDay          = 0x07
	regMonth        = 0x08
	regYear         = 0x09
	regA            = 0x0a
	regB            = 0x0b
	regC            = 0x0c
	regD            = 0x0d
	regRAM          = 0x0e // the first byte of plain memory
	regCentury      = 0x32
)

// Register bits.
const (
	aUIP  = 0x80 // update in progress
	aRate = 0x0f // periodic interrupt rate; bits 4..6 are the divider

	bSET  = 0x80 // stop updates, so that the time can be set
	bSQWE = 0x08 // square wave output, which a PC does not wire
	bDM   = 0x04 // binary and not BCD
	b24   = 0x02 // 24 hours; daylight saving (bit 0) is remembered, not done

	irqP  = 0x40 // periodic: PIE in register B, PF in C
	irqA  = 0x20 // alarm
	irqU  = 0x10 // update ended
	irqs  = irqP | irqA | irqU
	cIRQF = 0x80 // an enabled flag is set

	dVRT = 0x80 // the battery is good
)

// nmiMask is bit 7 of the index port: the CPU's NMI is held off.
const nmiMask = 0x80

const version = 1

// state is everything saved. The interrupt level and the timer's deadline
// follow from it.
type state struct {
	Index     uint8
	NMIMasked bool
	// CMOS holds registers and memory, register C without IRQF. Its time bytes
	// count only while the clock is stopped.
	CMOS    [128]uint8
	Weekday uint8 // 0..6: what the guest's day of the week is ahead of the date's
	Sec     int64 // seconds since 1970 on the guest's calendar ...
	SecAt   int64 // ... and the virtual ns at which that second began, <= now
	Seen    int64 // virtual ns up to which events are in register C
}

// Config is what an RTC is built from.
type Config struct {
	Clock *icount.Clock
	IRQ   devices.Line // IRQ 8: high while register C has IRQF
}

// RTC is the clock. Map it at Port, Ports wide.
type RTC struct {
	s     state
	clock *icount.Clock
	irq   devices.Line
	timer *icount.Timer // the next enabled interrupt
}

var (
	_ devices.Device = (*RTC)(nil)
	_ devices.Ports  = (*RTC)(nil)
)

// New returns a clock that has just got its battery: 1970-01-01 00:00:00, 24
// hours, BCD, a 32,768 Hz time base, 1,024 Hz selected, memory zero.
func New(cfg Config) *RTC {
	r := &RTC{clock: cfg.Clock, irq: cfg.IRQ}
	r.timer = cfg.Clock.NewTimer(r.event)
	r.s.CMOS[regA] = 0x26
	r.s.CMOS[regB] = b24
	r.s.CMOS[regD] = dVRT
	r.SetTime(0)
	r.Reset()
	return r
}

// Name returns "rtc".
func (r *RTC) Name() string { return "rtc" }

// Reset is the RESET pin: interrupts and flags are cleared; time, calendar and
// memory, which the battery keeps, are not touched.
func (r *RTC) Reset() {
	r.s.Index, r.s.NMIMasked = 0, false
	r.s.CMOS[regB] &^= irqs | bSQWE
	r.s.CMOS[regC] = 0
	r.s.Seen = r.now()
	r.update()
}

// SetTime sets the time of day to sec seconds since 1970 (in the zone the
// guest takes the clock to be in), a second that begins now.
func (r *RTC) SetTime(sec int64) {
	now := r.now()
	r.see(now)
	r.s.Sec, r.s.SecAt, r.s.Weekday = sec, now, 0
	if !r.running() {
		r.freeze(now)
	}
	r.update()
}

// SetCMOS presets one byte of memory, as a board's setup program would. It
// panics at an address that is not plain memory (0x0e..0x7f without 0x32).
func (r *RTC) SetCMOS(addr int, v uint8) {
	if addr < regRAM || addr >= len(r.s.CMOS) || addr == regCentury {
		panic(fmt.Sprintf("CMOS address %#x is not plain memory", addr))
	}
	r.s.CMOS[addr] = v
}

// NMIMasked reports bit 7 of the last byte written to port 0x70: whether the
// board must hold NMI back.
func (r *RTC) NMIMasked() bool { return r.s.NMIMasked }

// Save returns registers, memory and the base of time.
func (r *RTC) Save() []byte { return devices.EncodeState(version, &r.s) }

// NewState implements devices.Device.
func (r *RTC) NewState() any { return new(state) }

// Load restores what Save saved.
func (r *RTC) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(r.Name(), blob, version, &s); err != nil {
		return err
	}
	if int(s.Index) >= len(s.CMOS) || s.SecAt > s.Seen {
		return &devices.StateError{Device: r.Name(), Reason: "its index or time base is out of range"}
	}
	r.s = s
	r.update()
	return nil
}

// In reads bytes at consecutive ports. The index port is write-only.
func (r *RTC) In(port uint16, size int) uint32 {
	return devices.InBytes(port, size, func(port uint16) uint8 {
		if port != Port+1 {
			return 0xff
		}
		return r.read(r.s.Index)
	})
}

// Out writes bytes to consecutive ports: a 16-bit write gives index and data.
func (r *RTC) Out(port uint16, size int, value uint32) {
	devices.OutBytes(port, size, value, func(port uint16, b uint8) {
		switch port {
		case Port:
			r.s.Index, r.s.NMIMasked = b&^nmiMask, b&nmiMask != 0
		case Port + 1:
			r.write(r.s.Index, b)
		}
	})
}

// now returns virtual ns; 292 years of them fit.
func (r *RTC) now() int64 { return int64(r.clock.Now()) }
