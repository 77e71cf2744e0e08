// SPDX-License-Identifier: GPL-2.0-or-later

// Package icount makes time out of the instruction count.
//
// The guest's only clock is
//
//	virtual ns = (icount << shift) + warp
//
// where icount is the number of instructions retired since power-on and warp
// grows only while the CPU is halted and the clock jumps to a timer's deadline.
// Nothing here reads a host clock: the same instructions give the same time.
package icount

import "fmt"

// MaxShift is the largest allowed shift: 2^10 ns (about 1 µs) an instruction,
// the bound QEMU's -icount uses.
const MaxShift = 10

// Clock is the virtual clock of one machine and the queue of its timers.
// It is not safe for concurrent use: the machine's one thread owns it.
type Clock struct {
	shift  uint
	warp   uint64        // ns
	count  func() uint64 // instructions retired, exact even inside a device callback
	timers []*Timer      // in creation order, which breaks ties between equal deadlines
	// changed, if set, is called after a timer was armed or disarmed, so that
	// the run loop can shorten or lengthen the running CPU's budget at once.
	changed func()
}

// NewClock returns a clock at 2^shift ns an instruction. count must return the
// exact number of instructions retired at any time, also within callbacks.
func NewClock(shift uint, count func() uint64) (*Clock, error) {
	if shift > MaxShift {
		return nil, fmt.Errorf("icount shift %d is out of range: want 0..%d (2^shift ns an instruction)", shift, MaxShift)
	}
	return &Clock{shift: shift, count: count}, nil
}

// OnChange sets the function called whenever the set of armed timers changes.
func (c *Clock) OnChange(f func()) { c.changed = f }

// Shift returns log2 of the virtual nanoseconds one instruction takes.
func (c *Clock) Shift() uint { return c.shift }

// Warp returns the nanoseconds the clock has jumped while the CPU was halted.
func (c *Clock) Warp() uint64 { return c.warp }

// SetWarp sets the total warp in ns; only a state load does this.
func (c *Clock) SetWarp(ns uint64) { c.warp = ns }

// ICount returns the instructions retired since power-on.
func (c *Clock) ICount() uint64 { return c.count() }

// Now returns virtual ns since power-on.
func (c *Clock) Now() uint64 { return c.count()<<c.shift + c.warp }

// WarpTo moves the clock forward to virtual time ns without retiring an
// instruction. A time that is not ahead of Now changes nothing.
func (c *Clock) WarpTo(ns uint64) {
	if now := c.Now(); ns > now {
		c.warp += ns - now
	}
}

// ICountAt returns the first instruction count, not below the present one, at
// which Now will be at least ns if the clock does not warp before.
func (c *Clock) ICountAt(ns uint64) uint64 {
	now := c.count()
	if ns <= now<<c.shift+c.warp {
		return now
	}
	d := ns - c.warp
	n := d >> c.shift
	if n<<c.shift < d {
		n++
	}
	return n
}

// NextDeadline returns the earliest deadline of all armed timers in virtual ns;
// ok is false if none is armed.
func (c *Clock) NextDeadline() (ns uint64, ok bool) {
	if t := c.next(); t != nil {
		return t.deadline, true
	}
	return 0, false
}

// RunDue fires every timer whose deadline is not after Now, earliest first and
// in creation order among equals, and reports whether any fired. A timer is
// disarmed before its function runs, which may arm it again.
func (c *Clock) RunDue() bool {
	fired := false
	for {
		t := c.next()
		if t == nil || t.deadline > c.Now() {
			return fired
		}
		t.armed = false
		fired = true
		t.fire()
	}
}

func (c *Clock) next() *Timer {
	var first *Timer
	for _, t := range c.timers {
		if t.armed && (first == nil || t.deadline < first.deadline) {
			first = t
		}
	}
	return first
}
