// SPDX-License-Identifier: GPL-2.0-or-later

package pit

// rwBoth in the control word's RW field: low byte, then high byte.
const rwBoth = 3 << 4

// counter is one channel of the 8254; it is saved as it stands. Times are ticks.
type counter struct {
	Control uint8 // the last control word's low six bits: RW, mode, BCD
	Gate    bool

	// The count register and its two-byte accesses.
	Reload    uint16 // as written
	Written   bool   // a count came after the control word
	Unloaded  bool   // and waits to be loaded (the status' null count bit)
	LowByte   uint8  // the first of two bytes written
	WriteHigh bool   // the second is next
	ReadHigh  bool

	CountLatched  bool
	LatchedCount  uint16
	StatusLatched bool
	LatchedStatus uint8

	// The counting element.
	Running  bool  // it has been loaded since the control word
	Start    int64 // tick of the load, perhaps the next one; see advance
	Period   int64 // the count loaded, 1..65536
	Before   bool  // OUT until Start
	Frozen   bool  // the gate holds it
	Elapsed  int64 // ticks since Start when the gate froze it
	SwitchAt int64 // tick at which modes 2 and 3 load a new count, 0 for none
}

// mode returns 0..5; the chip takes 6 and 7 for 2 and 3.
func (c *counter) mode() int {
	m := int(c.Control >> 1 & 7)
	if m > 5 {
		m -= 4
	}
	return m
}

func (c *counter) bcd() bool { return c.Control&1 != 0 }

// modulus is what the counting element wraps at; a count of zero means it.
func (c *counter) modulus() int64 {
	if c.bcd() {
		return 10000
	}
	return 1 << 16
}

// count returns the count register as a number of ticks.
func (c *counter) count() int64 {
	n := int64(c.Reload)
	if c.bcd() {
		r := n
		n = r>>12*1000 + r>>8&15*100 + r>>4&15*10 + r&15
	}
	if n == 0 {
		n = c.modulus()
	}
	return n
}

// encode gives a value of the counting element as the count's 16 bits.
func (c *counter) encode(n int64) uint16 {
	n %= c.modulus()
	if c.bcd() {
		n = n/1000<<12 | n/100%10<<8 | n/10%10<<4 | n%10
	}
	return uint16(n)
}

// control takes a control word for this counter: a latch command if its RW
// field is zero, or else a new mode, which stops the counter.
func (c *counter) control(v uint8, now int64) {
	if v&rwBoth == 0 {
		c.latchCount(now)
		return
	}
	*c = counter{Control: v & 0x3f, Gate: c.Gate, Reload: c.Reload, Unloaded: true}
}

// latchCount holds the present count until it is read; a second latch command
// before that does nothing.
func (c *counter) latchCount(now int64) {
	if !c.CountLatched {
		c.CountLatched, c.LatchedCount = true, c.value(now)
	}
}

// latchStatus holds the status byte (8254, figure 10).
func (c *counter) latchStatus(now int64) {
	if c.StatusLatched {
		return
	}
	c.StatusLatched, c.LatchedStatus = true, c.Control
	if c.out(now) {
		c.LatchedStatus |= 0x80
	}
	if c.Unloaded || now < c.Start {
		c.LatchedStatus |= 0x40
	}
}

// read returns the latched status, else a byte of the latched or present count.
func (c *counter) read(now int64) uint8 {
	if c.StatusLatched {
		c.StatusLatched = false
		return c.LatchedStatus
	}
	v := c.LatchedCount
	if !c.CountLatched {
		v = c.value(now)
	}
	high := c.Control&rwBoth == 2<<4 || c.ReadHigh
	c.ReadHigh = c.Control&rwBoth == rwBoth && !c.ReadHigh
	c.CountLatched = c.CountLatched && c.ReadHigh // until its last byte
	if high {
		return uint8(v >> 8)
	}
	return uint8(v)
}

// write takes one byte of a count.
func (c *counter) write(v uint8, now int64) {
	switch {
	case c.Control&rwBoth == 1<<4:
		c.Reload = uint16(v)
	case c.Control&rwBoth == 2<<4:
		c.Reload = uint16(v) << 8
	case !c.WriteHigh:
		c.LowByte, c.WriteHigh = v, true
		if c.mode() == 0 { // the first byte stops the counter and lowers OUT
			c.Running = false
		}
		return
	default:
		c.Reload, c.WriteHigh = uint16(v)<<8|uint16(c.LowByte), false
	}
	c.Written, c.Unloaded = true, true
	c.counted(now)
}
