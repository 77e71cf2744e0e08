// SPDX-License-Identifier: GPL-2.0-or-later

package serial

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/internal/testdevice"
)

const base = 0x3f8

// rig is a UART with a hand-driven clock of 1 ns an instruction.
type rig struct {
	*UART
	now   uint64
	clock *icount.Clock
	irq   bool
	edges int
	out   []byte
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	clock, err := icount.NewClock(0, func() uint64 { return r.now })
	if err != nil {
		t.Fatal(err)
	}
	r.clock = clock
	r.UART = New(Config{
		Name: "com1", Clock: clock,
		IRQ: devices.LineFunc(func(high bool) {
			if high && !r.irq {
				r.edges++
			}
			r.irq = high
		}),
		Sink: func(c byte) { r.out = append(r.out, c) },
	})
	return r
}

func (r *rig) at(ns uint64) {
	r.now = ns
	r.clock.RunDue()
}

func (r *rig) in(reg uint16) uint32      { return r.In(base+reg, 1) }
func (r *rig) outb(reg uint16, v uint32) { r.Out(base+reg, 1, v) }
func (r *rig) has(t *testing.T, what string, reg uint16, want uint32) {
	t.Helper()
	if got := r.in(reg); got != want {
		t.Errorf("%s: register %d = %#x; want %#x", what, reg, got, want)
	}
}

func TestResetValues(t *testing.T) {
	r := newRig(t)
	for reg, want := range []uint32{0, 0, 1, 0, 0, 0x60, 0xb0, 0} {
		r.has(t, "after reset", uint16(reg), want)
	}
	r.outb(7, 0x5a)
	r.outb(1, 0xff)
	r.outb(3, 0x80)
	r.Out(base, 2, 0x1234)
	if got := r.In(base, 2); got != 0x1234 {
		t.Errorf("divisor = %#x; want 0x1234", got)
	}
	r.outb(3, 3)
	r.has(t, "IER", 1, 0x0f)
	r.has(t, "scratch", 7, 0x5a)
	if !r.irq {
		t.Error("THRE enabled: IRQ low; want high")
	}
	r.Reset()
	if r.irq {
		t.Error("IRQ after Reset is high; want low")
	}
	if got, want := r.Save(), newRig(t).Save(); !bytes.Equal(got, want) {
		t.Error("the state after Reset differs from power-on")
	}
}

func TestTransmitInterrupt(t *testing.T) {
	r := newRig(t)
	r.outb(1, ierTHRE)
	r.has(t, "enabled", 2, iirTHRE)
	r.has(t, "IIR read ends it", 2, iirNone)
	r.outb(1, ierTHRE)
	r.has(t, "the same IER again", 2, iirNone)
	r.outb(1, 0)
	r.outb(1, ierTHRE)
	r.has(t, "enabled anew", 2, iirTHRE)
	edges := r.edges
	r.outb(0, 'a')
	r.outb(0, 'b')
	if got := r.edges - edges; got != 2 {
		t.Errorf("two characters give %d edges; want 2", got)
	}
	r.has(t, "LSR", 5, lsrTHRE|lsrTEMT)
	if string(r.out) != "ab" {
		t.Errorf("sink got %q; want \"ab\"", r.out)
	}
}

func TestTriggerLevels(t *testing.T) {
	for _, c := range []struct {
		fcr  uint32
		want int
	}{{0x00, 1}, {0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}, {0xc0, 1}} {
		r := newRig(t)
		r.outb(2, c.fcr)
		r.outb(1, ierRDA)
		n := 0
		for !r.irq && n < 20 {
			r.Receive([]byte{'x'})
			n++
		}
		if n != c.want {
			t.Errorf("FCR %#x: interrupt after %d bytes; want %d", c.fcr, n, c.want)
		}
		want := uint32(iirRDA)
		if c.fcr&1 != 0 {
			want |= iirFIFO
		}
		r.has(t, fmt.Sprintf("FCR %#x", c.fcr), 2, want)
		r.in(0)
		if r.irq {
			t.Errorf("FCR %#x: IRQ after a read below the trigger is high; want low", c.fcr)
		}
	}
}

func TestReceiveTimeout(t *testing.T) {
	const four = 4 * 10 * 12 * 16 * 1000000000 / crystal // 8N1 at 9,600 baud: 4.17 ms
	r := newRig(t)
	r.outb(3, 3)
	r.outb(2, 0x81)
	r.outb(1, ierRDA)
	r.Receive([]byte("abc"))
	r.at(four - 1)
	r.has(t, "before the timeout", 2, iirNone|iirFIFO)
	r.at(four)
	r.has(t, "at the timeout", 2, iirTimeout|iirFIFO)
	r.in(0)
	r.has(t, "a read ends it", 2, iirNone|iirFIFO)
	r.at(2*four - 1)
	r.Receive([]byte("d"))
	r.at(3*four - 2)
	r.has(t, "an arrival starts it anew", 2, iirNone|iirFIFO)
	r.at(3*four - 1)
	r.has(t, "four characters later", 2, iirTimeout|iirFIFO)
	r.outb(2, 0x83)
	r.has(t, "the FIFO is cleared", 2, iirNone|iirFIFO)
	if _, ok := r.clock.NextDeadline(); ok {
		t.Error("with nothing received a timer is armed; want none")
	}
	r.outb(1, 0)
	r.Receive([]byte("e"))
	if _, ok := r.clock.NextDeadline(); ok {
		t.Error("with the interrupt disabled a timer is armed; want none")
	}
	r.at(9 * four)
	r.outb(1, ierRDA)
	r.at(9*four + 1)
	r.has(t, "enabled long after", 2, iirTimeout|iirFIFO)
}

func TestCharTimes(t *testing.T) {
	for _, c := range []struct {
		lcr     uint8
		divisor uint16
		want    uint64
	}{
		{0x03, 1, 86805},    // 8N1 at 115,200
		{0x03, 12, 1041666}, // 8N1 at 9,600
		{0x0f, 12, 1250000}, // 8O2: 12 bits
		{0x04, 12, 781250},  // 5N1.5: 7.5 bits
		{0x00, 0, 60763},    // 5N1, divisor 0 as 1
	} {
		r := newRig(t)
		r.s.LCR, r.s.Divisor = c.lcr, c.divisor
		if got := r.charTimes(1); got != c.want {
			t.Errorf("LCR %#x divisor %d: character time %d ns; want %d", c.lcr, c.divisor, got, c.want)
		}
	}
}

func TestBacklogLosesNothing(t *testing.T) {
	for _, fcr := range []uint32{0, 1} {
		r := newRig(t)
		r.outb(2, fcr)
		var sent, got []byte
		for i := 0; len(sent) < 3*Backlog || len(got) < len(sent); i++ {
			if len(sent) < 3*Backlog {
				chunk := make([]byte, 100)
				for j := range chunk {
					chunk[j] = byte(len(sent) + j + i)
				}
				room := r.Room()
				n := r.Receive(chunk)
				if want := min(100, room); n != want {
					t.Fatalf("Receive(100 bytes) with room %d = %d; want %d", room, n, want)
				}
				sent = append(sent, chunk[:n]...)
			}
			for j := 0; j < 60 && r.in(5)&lsrDR != 0; j++ {
				got = append(got, byte(r.in(0)))
			}
		}
		if !bytes.Equal(got, sent) {
			t.Errorf("FCR %#x: the guest read %d bytes that differ from the %d sent", fcr, len(got), len(sent))
		}
		r.has(t, "drained, no overrun", 5, lsrTHRE|lsrTEMT)
	}
}

func TestLoopback(t *testing.T) {
	r := newRig(t)
	r.outb(2, 1)
	r.outb(4, mcrLoop)
	r.has(t, "loopback drops the inputs", 6, 0x0b)
	for _, c := range []struct{ mcr, msr uint32 }{
		{mcrLoop | mcrRTS, msrCTS | 1},
		{mcrLoop | mcrDTR, msrDSR | 3},
		{mcrLoop | mcrOUT1, msrRI | 2},
		{mcrLoop | mcrOUT2, msrDCD | 0xc},
		{mcrLoop, 8},
		{0, 0xbb},
	} {
		r.outb(4, c.mcr)
		r.has(t, fmt.Sprintf("MCR %#x", c.mcr), 6, c.msr)
		r.has(t, "deltas after a read", 6, c.msr&0xf0)
	}
	r.outb(4, mcrLoop)
	r.outb(1, ierRLS)
	for i := 0; i < 17; i++ {
		r.outb(0, uint32('a'+i))
	}
	r.Receive([]byte("host"))
	r.has(t, "overrun", 2, iirRLS|iirFIFO)
	r.has(t, "overrun", 5, lsrDR|lsrOE|lsrTHRE|lsrTEMT)
	r.has(t, "LSR read clears it", 2, iirNone|iirFIFO)
	for i := 0; i < 16; i++ {
		r.has(t, "looped", 0, uint32('a'+i))
	}
	r.has(t, "host bytes wait", 5, lsrTHRE|lsrTEMT)
	r.outb(4, 0)
	for _, c := range "host" {
		r.has(t, "after loopback", 0, uint32(c))
	}
	if len(r.out) != 0 {
		t.Errorf("loopback sent %q; want nothing", r.out)
	}
	r.outb(2, 0)
	r.outb(4, mcrLoop)
	r.outb(0, 'x')
	r.outb(0, 'y')
	r.has(t, "without FIFOs the newer byte stays", 5, lsrDR|lsrOE|lsrTHRE|lsrTEMT)
	r.has(t, "without FIFOs the newer byte stays", 0, 'y')
}

func TestPriorities(t *testing.T) {
	r := newRig(t)
	r.outb(2, 1)
	r.outb(4, mcrLoop)
	for i := 0; i < 17; i++ {
		r.outb(0, 0)
	}
	r.outb(1, 0x0f)
	r.has(t, "line status first", 2, iirRLS|iirFIFO)
	r.in(5)
	r.has(t, "then data", 2, iirRDA|iirFIFO)
	r.outb(2, 3)
	r.has(t, "then transmitter", 2, iirTHRE|iirFIFO)
	r.has(t, "then modem status", 2, iirMSI|iirFIFO)
	r.in(6)
	r.has(t, "then none", 2, iirNone|iirFIFO)
	if r.irq {
		t.Error("IRQ high; want low")
	}
}

func TestSaveLoad(t *testing.T) {
	a := newRig(t)
	a.outb(3, 3)
	a.outb(2, 0xc1)
	a.outb(1, 0x0f)
	a.Receive([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	for i := 0; i < 25; i++ {
		a.in(0)
	}
	a.at(1000)
	b := newRig(t)
	b.now = a.now
	blob := testdevice.Copy(t, a, b)
	if b.irq != a.irq {
		t.Errorf("IRQ after Load is %v; want %v", b.irq, a.irq)
	}
	run := func(r *rig) (s string) {
		r.in(2)
		for ns := r.now; ns < 10e6; ns += 1e6 {
			r.at(ns)
			s += fmt.Sprintf("%v %x ", r.irq, r.in(2))
			if ns > 6e6 {
				s += fmt.Sprintf("%c ", r.in(0))
			}
		}
		return s
	}
	if got, want := run(b), run(a); got != want {
		t.Errorf("after Load the guest sees %q; want %q", got, want)
	}
	if got, want := b.Save(), a.Save(); !bytes.Equal(got, want) {
		t.Error("the states after the continuation differ")
	}
	long := a.s
	long.WaitLen = Backlog + 1
	for name, bad := range map[string][]byte{
		"newer":   devices.EncodeState(version+1, &state{}),
		"short":   blob[:9],
		"overful": devices.EncodeState(version, &long),
	} {
		var se *devices.StateError
		if err := b.Load(bad); !errors.As(err, &se) {
			t.Errorf("Load of a %s state = %v; want a *devices.StateError", name, err)
		}
	}
}
