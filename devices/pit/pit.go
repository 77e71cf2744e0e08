// SPDX-License-Identifier: GPL-2.0-or-later

// Package pit models the 8254 programmable interval timer of a PC with port
// 0x61, which gates its channel 2 and shows its output.
//
// Sources: Intel 8254 data sheet (order 231164); IBM PC AT Technical Reference,
// "System Timers" and port 61h.
//
// Nothing here counts. A counter remembers the clock pulse (tick) at which it
// was loaded, and its value and output are functions of that and the present
// tick, so edges come at exact times for ever, whoever looks and whenever.
package pit

import (
	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// The I/O ports.
const (
	Port        = 0x40 // counters 0..2 and the control word
	Ports       = 4
	ControlPort = 0x61 // system control port B
)

// Bits of port 0x61. Bits 2 and 3 (parity and channel check enables) are only
// remembered; bits 6 and 7, the errors they enable, never happen.
const (
	p61Gate2   = 1 << 0
	p61Kept    = 0x0f // with bit 1, speaker data
	p61Refresh = 1 << 4
	p61Out2    = 1 << 5
)

// refreshTicks is the half period of bit 4: one toggle for each DRAM refresh,
// 18 ticks or 15.09 µs apart, whatever channel 1 has been programmed to.
const refreshTicks = 18

const version = 1

// state is everything saved. EdgeAt is the timer's deadline.
type state struct {
	Counters [3]counter
	Port61   uint8 // p61Kept
	IRQ      bool  // level of the interrupt line: channel 0's OUT
	EdgeAt   int64 // tick of channel 0's next event, 0 for none
}

// Config is what a PIT is built from.
type Config struct {
	Clock *icount.Clock
	IRQ   devices.Line // OUT of channel 0
}

// PIT is the timer. Map it at Port (Ports wide) and at ControlPort.
type PIT struct {
	s     state
	clock *icount.Clock
	irq   devices.Line
	timer *icount.Timer // channel 0's next edge
}

var (
	_ devices.Device = (*PIT)(nil)
	_ devices.Ports  = (*PIT)(nil)
)

// New returns a timer in its power-on state.
func New(cfg Config) *PIT {
	p := &PIT{clock: cfg.Clock, irq: cfg.IRQ}
	p.timer = cfg.Clock.NewTimer(p.edge)
	p.Reset()
	return p
}

// Name returns "pit".
func (p *PIT) Name() string { return "pit" }

// Reset stops all channels. The 8254 powers up undefined; vmrr chooses mode 0
// without a count, so that all outputs are low. The gates of channels 0 and 1
// are wired high, that of channel 2 is low.
func (p *PIT) Reset() {
	p.s = state{}
	for i := range p.s.Counters {
		p.s.Counters[i] = counter{Control: rwBoth, Gate: i != 2, Unloaded: true}
	}
	p.drive()
}

// Save returns the counters and port 0x61.
func (p *PIT) Save() []byte { return devices.EncodeState(version, &p.s) }

// NewState implements devices.Device.
func (p *PIT) NewState() any { return new(state) }

// Load restores what Save saved.
func (p *PIT) Load(blob []byte) error {
	var s state
	if err := devices.DecodeState(p.Name(), blob, version, &s); err != nil {
		return err
	}
	for i := range s.Counters {
		if c := &s.Counters[i]; c.Running && (c.Period < 1 || c.Period > 1<<16) {
			return &devices.StateError{Device: p.Name(), Reason: "a counter's period is out of range"}
		}
	}
	p.s = s
	p.drive()
	return nil
}

// In reads bytes at consecutive ports. The control word port reads all-ones.
func (p *PIT) In(port uint16, size int) uint32 {
	return devices.InBytes(port, size, p.read)
}

// Out writes bytes to consecutive ports.
func (p *PIT) Out(port uint16, size int, value uint32) {
	devices.OutBytes(port, size, value, p.write)
}

func (p *PIT) read(port uint16) uint8 {
	now := ticksAt(p.clock.Now())
	switch {
	case port >= Port && port < Port+3:
		c := p.counter(int(port-Port), now)
		return c.read(now)
	case port == ControlPort:
		v := p.s.Port61
		if now/refreshTicks&1 != 0 {
			v |= p61Refresh
		}
		if p.counter(2, now).out(now) {
			v |= p61Out2
		}
		return v
	}
	return 0xff
}

func (p *PIT) write(port uint16, v uint8) {
	now := ticksAt(p.clock.Now())
	switch {
	case port >= Port && port < Port+3:
		p.counter(int(port-Port), now).write(v, now)
	case port == Port+3:
		p.control(v, now)
	case port == ControlPort:
		p.s.Port61 = v & p61Kept
		p.counter(2, now).setGate(v&p61Gate2 != 0, now)
		return
	default:
		return
	}
	c := p.counter(0, now)
	p.s.IRQ, p.s.EdgeAt = c.out(now), c.next(now)
	p.drive()
}

// control writes the control word: a counter's mode, a counter latch command or
// a read-back command (8254, figures 7, 9 and 11).
func (p *PIT) control(v uint8, now int64) {
	if n := int(v >> 6); n < 3 {
		p.counter(n, now).control(v, now)
		return
	}
	for n := range p.s.Counters {
		if v>>(n+1)&1 == 0 {
			continue
		}
		c := p.counter(n, now)
		if v&0x20 == 0 {
			c.latchCount(now)
		}
		if v&0x10 == 0 {
			c.latchStatus(now)
		}
	}
}

// counter returns channel n brought up to the tick now.
func (p *PIT) counter(n int, now int64) *counter {
	if n == 0 { // an edge that is due and not yet delivered comes first
		for p.s.EdgeAt != 0 && p.s.EdgeAt <= now {
			p.edge()
		}
	}
	p.s.Counters[n].advance(now)
	return &p.s.Counters[n]
}

// edge is channel 0's event at tick EdgeAt. Events are taken one by one at
// their own ticks, so one that is delivered late is neither lost nor shifts
// those after it.
func (p *PIT) edge() {
	c, at := &p.s.Counters[0], p.s.EdgeAt
	c.advance(at)
	p.s.IRQ, p.s.EdgeAt = c.out(at), c.next(at)
	p.drive()
}

// drive sets the interrupt line and the timer as the state says.
func (p *PIT) drive() {
	p.irq.Set(p.s.IRQ)
	if p.s.EdgeAt == 0 {
		p.timer.Disarm()
		return
	}
	// Most accesses leave the edge where it was: do not disturb the run loop.
	at := nanosAt(p.s.EdgeAt)
	if armed, ok := p.timer.Deadline(); !ok || armed != at {
		p.timer.Arm(at)
	}
}
