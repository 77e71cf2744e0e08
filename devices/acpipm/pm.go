// SPDX-License-Identifier: GPL-2.0-or-later

// Package acpipm models the ACPI fixed hardware of a PC (ACPI 6.5, 4.8): the
// PM1a event and control blocks, the power management timer, the power button
// and an empty GPE0 block.
package acpipm

import (
	"math/bits"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// The ports, as offsets from the base the board chooses. Their order is the
// PIIX4's (82371AB data sheet, power management I/O registers).
const (
	Event       = 0x0 // PM1a_EVT_BLK: status, then enable, 16 bits each
	EventLen    = 4
	Control     = 0x4 // PM1a_CNT_BLK, 16 bits
	ControlLen  = 2
	Timer       = 0x8 // PM_TMR_BLK, 32 bits
	TimerLen    = 4
	GPE0        = 0xC // GPE0_BLK: status, then enable, 16 bits each
	GPE0Len     = 4
	Ports       = 0x10 // ports in all
	DefaultBase = 0x600
)

// SleepS5 is the SLP_TYP value, 0 to 7, that the \_S5 object must give for soft off.
const SleepS5 = 5

// TimerHz is the frequency of the power management timer (ACPI 6.5, 4.8.2.1).
const TimerHz = 3_579_545

const version = 1 // of state

// Bits of the PM1 status and enable registers (ACPI 6.5, 4.8.3.1).
const (
	bitTimer       = 1 << 0
	bitGlobal      = 1 << 5
	bitPowerButton = 1 << 8
	bitRTC         = 1 << 10 // enable only: the alarm is not wired to wake anything
	bitWake        = 1 << 15 // status only

	statusBits = bitTimer | bitGlobal | bitPowerButton | bitWake
	enableBits = bitTimer | bitGlobal | bitPowerButton | bitRTC
)

// Bits of the PM1 control register (ACPI 6.5, 4.8.3.2).
const (
	controlSCI         = 1 << 0 // SCI_EN
	controlReload      = 1 << 1 // BM_RLD
	controlSleepType   = 10     // three bits of SLP_TYP
	controlSleepEnable = 1 << 13
	controlBits        = controlReload | 7<<controlSleepType
)

// Config is what the block is wired to. All fields are needed.
type Config struct {
	Clock *icount.Clock
	// Base is the first of the sixteen ports, a multiple of 16.
	Base uint16
	// SCI is the system control interrupt, level-triggered and active high here.
	SCI devices.Line
	// PowerOff is called when the guest enters S5.
	PowerOff func()
}

// PM is the fixed hardware. There is no system management mode, so it is in ACPI
// mode from the start: SCI_EN reads as one, and the FADT must give 0 as SMI_CMD.
type PM struct {
	cfg   Config
	s     state
	timer *icount.Timer
}

type state struct {
	Status  uint16 // but for bitTimer
	Enable  uint16
	Control uint16
	// Half is how many times the timer's top bit had changed since power-on
	// when the guest last cleared its status: that status is one when it has
	// changed since.
	Half   uint64
	Expiry uint64 // virtual ns at which the timer raises the SCI
	Armed  bool   // Expiry is to come
	SCI    bool   // level of the output
}

// New returns the block after Reset.
func New(cfg Config) *PM {
	p := &PM{cfg: cfg}
	p.timer = cfg.Clock.NewTimer(p.expire)
	p.Reset()
	return p
}

// Name identifies the device.
func (p *PM) Name() string { return "acpi-pm" }

// Reset clears the registers. The timer runs on: it counts from power-on.
func (p *PM) Reset() {
	p.s = state{Half: halves(p.cfg.Clock.Now())}
	p.update()
}

// Save returns the state.
func (p *PM) Save() []byte { return devices.EncodeState(version, &p.s) }

// NewState implements devices.Device.
func (p *PM) NewState() any { return new(state) }

// Load restores a state, arms the timer and drives the SCI.
func (p *PM) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(p.Name(), blob, version, &s); err != nil {
		return err
	}
	p.s = s
	p.arm()
	p.cfg.SCI.Set(s.SCI)
	return nil
}

// PressPowerButton is what a short press of the power button does: it sets
// PWRBTN_STS and raises the SCI if that is enabled.
func (p *PM) PressPowerButton() {
	p.s.Status |= bitPowerButton
	p.update()
}

// TimerValue returns the timer's 32 bits at virtual time ns.
func TimerValue(ns uint64) uint32 { return uint32(ticks(ns)) }

// ticks returns how many whole periods of the timer have passed at virtual time
// ns. The product has 128 bits, so no fraction is ever lost; it fits the
// division because TimerHz is below 10^9.
func ticks(ns uint64) uint64 {
	hi, lo := bits.Mul64(ns, TimerHz)
	q, _ := bits.Div64(hi, lo, 1e9)
	return q
}

// halves returns how many times the timer's top bit has changed.
func halves(ns uint64) uint64 { return ticks(ns) >> 31 }

// instant returns the first virtual ns at which the top bit has changed n times.
func instant(n uint64) uint64 {
	hi, lo := bits.Mul64(n<<31, 1e9)
	lo, carry := bits.Add64(lo, TimerHz-1, 0)
	q, _ := bits.Div64(hi+carry, lo, TimerHz)
	return q
}

// status returns the PM1 status register. TMR_STS follows from the time and is
// not stored, so that it does not depend on who looks when.
func (p *PM) status() uint16 {
	if halves(p.cfg.Clock.Now()) != p.s.Half {
		return p.s.Status | bitTimer
	}
	return p.s.Status
}

// update drives the SCI, and arms the timer if its status is enabled and zero.
func (p *PM) update() {
	status := p.status()
	p.s.SCI = status&p.s.Enable != 0
	p.s.Expiry, p.s.Armed = 0, false
	if p.s.Enable&bitTimer != 0 && status&bitTimer == 0 {
		p.s.Expiry, p.s.Armed = instant(p.s.Half+1), true
	}
	p.arm()
	p.cfg.SCI.Set(p.s.SCI)
}

func (p *PM) arm() {
	if p.s.Armed {
		p.timer.Arm(p.s.Expiry)
	} else {
		p.timer.Disarm()
	}
}

// expire serves the clock when the timer's top bit has changed.
func (p *PM) expire() { p.update() }
