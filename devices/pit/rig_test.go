// SPDX-License-Identifier: GPL-2.0-or-later

package pit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// rig is a PIT with a hand-driven clock, moved tick by tick.
type rig struct {
	*PIT
	clock *icount.Clock
	now   uint64 // ns
	irq   bool
	edges []uint64 // ns of IRQ's rising edges
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{}
	clock, err := icount.NewClock(0, func() uint64 { return r.now })
	if err != nil {
		t.Fatal(err)
	}
	r.clock = clock
	r.PIT = New(Config{Clock: clock, IRQ: devices.LineFunc(func(high bool) {
		if high && !r.irq {
			r.edges = append(r.edges, r.now)
		}
		r.irq = high
	})})
	return r
}

// at moves to virtual time ns, firing timers at their deadlines.
func (r *rig) at(ns uint64) {
	for {
		d, ok := r.clock.NextDeadline()
		if !ok || d > ns {
			break
		}
		r.now = max(d, r.now)
		r.clock.RunDue()
	}
	r.now = ns
}

func (r *rig) tick(n int64)              { r.at(nanosAt(n)) }
func (r *rig) outb(port uint16, v uint8) { r.Out(port, 1, uint32(v)) }
func (r *rig) inb(port uint16) uint8     { return uint8(r.In(port, 1)) }

// program sets channel n to a mode with a two-byte count.
func (r *rig) program(n int, mode uint8, count uint16) {
	r.outb(0x43, uint8(n)<<6|0x30|mode<<1)
	r.outb(0x40+uint16(n), uint8(count))
	r.outb(0x40+uint16(n), uint8(count>>8))
}

// latched reads channel n's count by a latch command.
func (r *rig) latched(n int) uint16 {
	r.outb(0x43, uint8(n)<<6)
	low := r.inb(0x40 + uint16(n))
	return uint16(low) | uint16(r.inb(0x40+uint16(n)))<<8
}

// script runs one action a tick on channel 2, from tick 1000 on, and returns
// OUT after each: '-' high, '_' low; then the count before the next action.
//
//	.     nothing          +/-   gate high/low
//	0..9  write that count (one byte, the low one)
func script(t *testing.T, mode uint8, actions string) (out, counts string) {
	t.Helper()
	r := newRig(t)
	r.tick(999)
	r.outb(ControlPort, p61Gate2)
	r.outb(0x43, 0x90|mode<<1)
	var o, c strings.Builder
	for i, a := range actions {
		r.tick(1000 + int64(i))
		switch {
		case a == '+':
			r.outb(ControlPort, p61Gate2)
		case a == '-':
			r.outb(ControlPort, 0)
		case a >= '0' && a <= '9':
			r.outb(0x42, uint8(a-'0'))
		}
		if r.inb(ControlPort)&p61Out2 != 0 {
			o.WriteByte('-')
		} else {
			o.WriteByte('_')
		}
		fmt.Fprintf(&c, "%x", r.inb(0x42)&0xf)
	}
	return o.String(), c.String()
}
