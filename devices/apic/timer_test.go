// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "testing"

func TestDivisors(t *testing.T) {
	for _, c := range []struct {
		divide uint32
		want   uint64 // ns a count
	}{{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}} {
		b := enabled(t)
		b.write(0x320, 0x40)
		b.write(regDivide, c.divide)
		b.now = 1000
		b.write(regInitial, 100)
		if got, ok := b.clock.NextDeadline(); got != 1000+100*c.want || !ok {
			t.Errorf("divide %#x: deadline of 100 counts from 1000 ns = %d, %v; want %d", c.divide, got, ok, 1000+100*c.want)
		}
		b.now = 1000 + 40*c.want
		b.wantRegister("40 counts", regCurrent, 60)
		b.now += c.want - 1
		b.wantRegister("not quite 41 counts", regCurrent, 60)
	}
}

func TestOneShot(t *testing.T) {
	b := enabled(t)
	b.write(0x320, 0x40)
	b.write(regDivide, 11)
	b.write(regInitial, 500)
	b.at(499)
	b.wantRegister("499 ns", regCurrent, 1)
	b.wantINTR("499 ns", false)
	b.at(500)
	b.wantRegister("500 ns", regCurrent, 0)
	b.wantAck("500 ns", 0x40)
	b.write(regEOI, 0)
	b.at(5000)
	b.wantINTR("5000 ns", false)
	b.wantRegister("5000 ns", regInitial, 500)

	b.write(regInitial, 500)
	b.at(5100)
	b.write(regInitial, 0)
	b.at(9000)
	b.wantINTR("a stopped timer", false)
}

func TestPeriodicDoesNotDrift(t *testing.T) {
	b := enabled(t)
	b.write(0x320, 1<<17|0x40)
	b.write(regDivide, 0) // 2 ns a count
	b.now = 7
	b.write(regInitial, 50)
	// Each expiry is served late by another amount; the next stays on the grid.
	for _, c := range []struct{ now, next, current uint64 }{
		{107, 207, 50}, {209, 307, 49}, {399, 407, 4}, {407 + 250, 707, 25}, {707, 807, 50},
	} {
		b.at(c.now)
		if got, _ := b.clock.NextDeadline(); got != c.next {
			t.Errorf("deadline at %d ns = %d; want %d", c.now, got, c.next)
		}
		b.wantRegister("an expiry", regCurrent, uint32(c.current))
		b.wantAck("an expiry", 0x40)
		b.write(regEOI, 0)
		b.wantINTR("an expiry and its end", false)
	}
}

func TestTimerMask(t *testing.T) {
	b := enabled(t)
	b.write(regDivide, 11)
	b.write(0x320, 1<<17|lvtMasked|0x40)
	b.write(regInitial, 100)
	if d, ok := b.clock.NextDeadline(); ok {
		t.Errorf("a masked timer has the deadline %d; want none", d)
	}
	b.at(250)
	b.wantRegister("250 ns masked", regCurrent, 50)
	b.write(0x320, 1<<17|0x40)
	b.wantINTR("unmasking", false)
	b.at(300)
	b.wantAck("the next expiry", 0x40)
}

// An expiry at the very instant at which the guest changes the timer is not lost.
func TestTimerChangeAtExpiry(t *testing.T) {
	for _, c := range []struct {
		name  string
		reg   uint64
		value uint32
	}{
		{"initial count", regInitial, 70}, {"divide", regDivide, 3}, {"vector", 0x320, 0x50}, {"mask", 0x320, lvtMasked},
	} {
		b := enabled(t)
		b.write(0x320, 0x40)
		b.write(regDivide, 11)
		b.write(regInitial, 100)
		b.now = 100
		b.write(c.reg, c.value)
		b.clock.RunDue()
		b.wantAck("changing the "+c.name, 0x40)
	}
}

func TestTimerCourse(t *testing.T) {
	b := enabled(t)
	b.write(0x320, 0x40)
	b.write(regDivide, 11)
	b.write(regInitial, 100)
	b.now = 40
	b.write(regDivide, 1) // 60 counts left, now 4 ns each
	b.now = 80
	b.wantRegister("a new divisor", regCurrent, 50)
	if got, _ := b.clock.NextDeadline(); got != 280 {
		t.Errorf("deadline after a new divisor = %d; want 280", got)
	}
	b.write(0x320, 1<<17|0x40) // to periodic: the count goes on
	b.at(280)
	b.wantAck("periodic mode on the way", 0x40)
	if got, _ := b.clock.NextDeadline(); got != 680 {
		t.Errorf("deadline of the next period = %d; want 680", got)
	}
}

func TestTSCDeadline(t *testing.T) {
	b := enabled(t)
	b.local.WriteMSR(MSRTSCDeadline, 100)
	if v, ok := b.local.ReadMSR(MSRTSCDeadline); v != 0 || !ok {
		t.Errorf("ReadMSR(0x6e0) in one-shot mode = %d, %v; want 0, true", v, ok)
	}
	b.write(regInitial, 1000)
	b.write(0x320, 2<<17|0xEC)
	b.wantRegister("entering deadline mode", regInitial, 0)
	b.write(regInitial, 5)
	b.wantRegister("deadline mode", regInitial, 0)

	b.tsc = 1_000_000
	b.local.WriteMSR(MSRTSCDeadline, 1_000_300)
	if v, _ := b.local.ReadMSR(MSRTSCDeadline); v != 1_000_300 {
		t.Errorf("ReadMSR(0x6e0) = %d; want 1000300", v)
	}
	b.at(299)
	b.wantINTR("299 ns", false)
	b.at(300)
	b.wantAck("300 ns", 0xEC)
	b.write(regEOI, 0)
	if v, _ := b.local.ReadMSR(MSRTSCDeadline); v != 0 {
		t.Errorf("ReadMSR(0x6e0) after the deadline = %d; want 0", v)
	}

	b.local.WriteMSR(MSRTSCDeadline, 5) // past
	b.at(300)
	b.wantAck("a past deadline", 0xEC)
	b.write(regEOI, 0)

	b.local.WriteMSR(MSRTSCDeadline, 1_000_500)
	b.tsc = 0 // the guest wrote the TSC back by a million
	b.local.TSCChanged()
	if got, _ := b.clock.NextDeadline(); got != 1_000_500 {
		t.Errorf("deadline after TSCChanged = %d; want 1000500", got)
	}
	b.local.WriteMSR(MSRTSCDeadline, ^uint64(0))
	if got, ok := b.clock.NextDeadline(); ok {
		t.Errorf("deadline of TSC 2^64-1 = %d; want none", got)
	}
	b.local.WriteMSR(MSRTSCDeadline, 0)
	if _, ok := b.clock.NextDeadline(); ok {
		t.Error("a deadline of 0 left the timer armed")
	}

	b.local.WriteMSR(MSRTSCDeadline, 2000)
	b.write(0x320, 2<<17|lvtMasked|0xEC)
	b.at(3000)
	b.write(0x320, 2<<17|0xEC) // passed while masked: lost
	b.clock.RunDue()
	b.wantINTR("a deadline passed while masked", false)
	b.local.WriteMSR(MSRTSCDeadline, 4000)
	b.write(0x320, 0xEC) // leaving the mode disarms
	b.at(5000)
	b.wantINTR("leaving deadline mode", false)
}
