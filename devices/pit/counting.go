// SPDX-License-Identifier: GPL-2.0-or-later

package pit

// The counting element: what OUT and the count are at any tick (8254, "Mode
// Definitions"). With N the count and e the ticks since the load, OUT is
//
//	mode 0  low until e = N, then high         (interrupt on terminal count)
//	mode 1  the same, loaded by the gate       (one-shot)
//	mode 2  low at every e = N-1 modulo N      (rate generator)
//	mode 3  high for the first half of each N  (square wave)
//	mode 4  low at e = N                       (software triggered strobe)
//	mode 5  the same, loaded by the gate       (hardware triggered strobe)
//
// A count written, or a trigger, at one tick is loaded at the next.

// counted reacts to a complete count in the count register.
func (c *counter) counted(now int64) {
	switch c.mode() {
	case 0, 4:
		c.load(now)
	case 2, 3: // a running cycle is completed first; without gate, a trigger loads
		switch {
		case !c.Running:
			c.load(now)
		case now < c.Start:
			c.Period, c.Unloaded = c.count(), false
		case c.Gate:
			c.SwitchAt = c.cycleEnd(now)
		}
	}
}

// load puts the count register into the counting element at the next tick.
func (c *counter) load(now int64) {
	c.Before = c.mode() != 0 && c.out(now)
	c.Running, c.Unloaded = true, false
	c.Start, c.Period = now+1, c.count()
	c.SwitchAt = 0
	c.Frozen, c.Elapsed = !c.Gate && c.mode() != 1 && c.mode() != 5, 0
}

// setGate changes the gate (8254, figure 21): a level that holds the count in
// modes 0, 2, 3 and 4, a rising edge that loads it in modes 1, 2, 3 and 5.
func (c *counter) setGate(high bool, now int64) {
	if high == c.Gate {
		return
	}
	c.Gate = high
	mode := c.mode()
	switch {
	case !high && c.Running && mode != 1 && mode != 5:
		c.Frozen, c.Elapsed = true, max(now-c.Start, 0)
		c.SwitchAt = 0 // the rising edge will load
	case high && (mode == 0 || mode == 4):
		if c.Frozen {
			c.Frozen, c.Start = false, now-c.Elapsed
		}
	case high && c.Written:
		c.load(now)
	}
}

// advance makes a switch of count that is due by now. The new cycle is given
// the Start that it would have had if it had run from its beginning.
func (c *counter) advance(now int64) {
	if c.SwitchAt == 0 || now < c.SwitchAt {
		return
	}
	half := (c.SwitchAt-c.Start)%c.Period != 0 // mode 3, before its low half
	c.Period, c.Unloaded = c.count(), false
	c.Start, c.SwitchAt = c.SwitchAt, 0
	if half {
		c.Start -= c.high()
	}
}

// high returns the ticks of mode 3's high half; an odd count gives it one more.
func (c *counter) high() int64 { return (c.Period + 1) / 2 }

// cycleEnd returns the next tick at which mode 2 ends a cycle or mode 3 a half.
func (c *counter) cycleEnd(now int64) int64 {
	phase := (now - c.Start) % c.Period
	if c.mode() == 3 && phase < c.high() {
		return now - phase + c.high()
	}
	return now - phase + c.Period
}

func (c *counter) elapsed(now int64) int64 {
	if c.Frozen {
		return c.Elapsed
	}
	return now - c.Start
}

// out returns the level of OUT.
func (c *counter) out(now int64) bool {
	mode, e := c.mode(), c.elapsed(now)
	switch {
	case !c.Running:
		return mode != 0
	case c.Frozen && (mode == 2 || mode == 3):
		return true
	case e < 0:
		return c.Before
	}
	switch mode {
	case 0, 1:
		return e >= c.Period
	case 2:
		return e%c.Period != c.Period-1
	case 3:
		return e%c.Period < c.high()
	}
	return e != c.Period
}

// value returns the count as a read shows it. After the terminal count, modes
// 0, 1, 4 and 5 wrap and count on; mode 3 counts down by twos, twice a cycle.
// A counter that was never loaded shows its count register, and one that loads
// at the next tick shows the new count already.
func (c *counter) value(now int64) uint16 {
	if !c.Running {
		return c.Reload
	}
	e := max(c.elapsed(now), 0)
	switch phase := e % c.Period; c.mode() {
	case 2:
		return c.encode(c.Period - phase)
	case 3:
		if phase >= c.high() {
			phase -= c.high()
		}
		return c.encode(c.Period&^1 - 2*phase)
	}
	m := c.modulus()
	return c.encode(c.Period + m - e%m)
}

// next returns the first tick after now at which OUT changes or a new count is
// switched to, 0 for never.
func (c *counter) next(now int64) int64 {
	if !c.Running || c.Frozen {
		return 0
	}
	if now < c.Start {
		if c.out(c.Start) != c.Before {
			return c.Start
		}
		now = c.Start
	}
	mode, e := c.mode(), now-c.Start
	at := int64(0)
	switch {
	case mode == 2 || mode == 3:
		at = c.nextPeriodic(now)
	case e < c.Period:
		at = c.Start + c.Period
	case e == c.Period && mode >= 4:
		at = now + 1
	}
	if c.SwitchAt != 0 && (at == 0 || c.SwitchAt < at) {
		at = c.SwitchAt
	}
	return at
}

// nextPeriodic is next for modes 2 and 3. A period of one tick, which the data
// sheet forbids, has no edges.
func (c *counter) nextPeriodic(now int64) int64 {
	if c.Period == 1 {
		return 0
	}
	phase := (now - c.Start) % c.Period
	edge := c.Period - 1 // mode 2
	if c.mode() == 3 {
		edge = c.high()
	}
	if phase < edge {
		return now - phase + edge
	}
	return now - phase + c.Period
}
