// SPDX-License-Identifier: GPL-2.0-or-later

package pic

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

type wire struct {
	high  bool
	edges int
}

func (w *wire) Set(high bool) {
	if high && !w.high {
		w.edges++
	}
	w.high = high
}

// initialized returns a pair set up as PC firmware does: vectors 0x20 and 0x28,
// nothing masked, with the given ICW4 in both chips.
func initialized(icw4 uint32) (*PIC, *wire) {
	w := &wire{}
	p := New(Config{INTR: w})
	for _, base := range []uint16{MasterPort, SlavePort} {
		p.Out(base, 1, 0x11)
		p.Out(base+1, 1, 0x20+uint32(base&0x80)/16)
		p.Out(base+1, 1, 4)
		p.Out(base+1, 1, icw4)
		p.Out(base+1, 1, 0)
	}
	return p, w
}

func raise(p *PIC, irqs ...int) {
	for _, irq := range irqs {
		devices.Pulse(p.Line(irq))
	}
}

// acks acknowledges while INTR is high, at most 4 times, running between after each.
func acks(p *PIC, w *wire, between func(v uint8)) string {
	s := ""
	for i := 0; i < 4 && w.high; i++ {
		v := p.Ack()
		s += fmt.Sprintf("%02x ", v)
		if between != nil {
			between(v)
		}
	}
	return s
}

// eoi ends v by non-specific EOI to the chips that have it in service.
func eoi(p *PIC, v uint8) {
	if v >= 0x28 {
		p.Out(SlavePort, 1, 0x20)
	}
	p.Out(MasterPort, 1, 0x20)
}

func TestPriority(t *testing.T) {
	for _, c := range []struct {
		name  string
		icw4  uint32
		setup func(p *PIC)
		irqs  []int
		eoi   bool
		want  string
	}{
		{"highest first, all ended", 1, nil, []int{7, 12, 1, 3}, true, "21 2c 23 27 "},
		{"in service holds back lower ones", 1, nil, []int{3, 4}, false, "23 "},
		{"automatic EOI", 3, nil, []int{7, 1, 14, 8}, false, "21 28 2e 27 "},
		{"masked on the master", 1, func(p *PIC) { p.Out(0x21, 1, 0xfd) }, []int{0, 1, 3}, true, "21 "},
		{"masked on the slave", 1, func(p *PIC) { p.Out(0xa1, 1, 0xef) }, []int{8, 12}, true, "2c "},
		{"set priority: IR4 lowest", 1, func(p *PIC) { p.Out(0x20, 1, 0xc4) }, []int{0, 4, 5}, true, "25 20 24 "},
		{"the dead cascade input", 1, nil, []int{2}, true, ""},
	} {
		p, w := initialized(c.icw4)
		if c.setup != nil {
			c.setup(p)
		}
		raise(p, c.irqs...)
		got := acks(p, w, func(v uint8) {
			if c.eoi {
				eoi(p, v)
			}
		})
		if got != c.want {
			t.Errorf("%s: IRQs %v give vectors %q; want %q", c.name, c.irqs, got, c.want)
		}
	}
}

func TestHigherPriorityNests(t *testing.T) {
	p, w := initialized(1)
	raise(p, 4)
	p.Ack()
	raise(p, 1)
	if got := acks(p, w, nil); got != "21 " {
		t.Errorf("IRQ 1 during IRQ 4: vectors %q; want \"21 \"", got)
	}
	p.Out(0x20, 1, 0x0b) // read ISR
	if got := p.In(0x20, 1); got != 0x12 {
		t.Errorf("ISR = %#x; want 0x12", got)
	}
	p.Out(0x20, 1, 0x64) // specific EOI of 4
	if got := p.In(0x20, 1); got != 0x02 {
		t.Errorf("ISR after specific EOI of 4 = %#x; want 0x02", got)
	}
}

func TestRotation(t *testing.T) {
	p, w := initialized(1)
	raise(p, 3)
	p.Ack()
	p.Out(0x20, 1, 0xa0) // rotate on non-specific EOI: 3 becomes lowest
	raise(p, 3, 4, 2)
	if got := acks(p, w, func(v uint8) { eoi(p, v) }); got != "24 23 " {
		t.Errorf("after rotation on IRQ 3: vectors %q; want \"24 23 \"", got)
	}
	p, w = initialized(3)
	p.Out(0x20, 1, 0x80) // rotate in automatic EOI mode
	raise(p, 0)
	p.Ack()
	raise(p, 0, 7)
	if got := acks(p, w, nil); got != "27 20 " {
		t.Errorf("rotating automatic EOI: vectors %q; want \"27 20 \"", got)
	}
}

func TestSpecialMaskMode(t *testing.T) {
	p, w := initialized(1)
	raise(p, 3)
	p.Ack()
	raise(p, 5)
	if w.high {
		t.Error("IRQ 5 during IRQ 3: INTR is high; want low")
	}
	p.Out(0x21, 1, 0x08)
	p.Out(0x20, 1, 0x68)
	if got := acks(p, w, nil); got != "25 " {
		t.Errorf("special mask mode with 3 masked: vectors %q; want \"25 \"", got)
	}
	p.Out(0x20, 1, 0x20) // ends 5, not the masked 3
	p.Out(0x20, 1, 0x0b)
	if got := p.In(0x20, 1); got != 0x08 {
		t.Errorf("ISR after non-specific EOI = %#x; want 0x08 (the masked level stays)", got)
	}
}

func TestSpecialFullyNested(t *testing.T) {
	for icw4, want := range map[uint32]bool{0x01: false, 0x11: true} {
		p, w := initialized(icw4)
		raise(p, 12)
		p.Ack()
		raise(p, 9)
		if w.high != want {
			t.Errorf("ICW4 %#x: IRQ 9 during IRQ 12: INTR %v; want %v", icw4, w.high, want)
		}
		raise(p, 10)
		raise(p, 3)
		if w.high != want {
			t.Errorf("ICW4 %#x: IRQ 3 during IRQ 12: INTR %v; want %v", icw4, w.high, want)
		}
	}
}

func TestPoll(t *testing.T) {
	p, w := initialized(1)
	p.Out(0x20, 1, 0x0c)
	if got := p.In(0x20, 1); got != 0 {
		t.Errorf("poll with no request = %#x; want 0", got)
	}
	raise(p, 6)
	p.Out(0x20, 1, 0x0c)
	if got := p.In(0x21, 1); got != 0x86 {
		t.Errorf("poll with IRQ 6 = %#x; want 0x86", got)
	}
	if w.high {
		t.Error("INTR after the poll is high; want low")
	}
	if got := p.In(0x21, 1); got != 0 {
		t.Errorf("second read = %#x; want the IMR, 0", got)
	}
}

func TestLevel(t *testing.T) {
	p, w := initialized(1)
	p.Out(ELCRPort, 2, 0xffff)
	if got := p.In(ELCRPort, 2); got != 0xdef8 {
		t.Errorf("ELCR = %#x; want 0xdef8", got)
	}
	l := p.Line(11)
	l.Set(true)
	got := acks(p, w, func(v uint8) { eoi(p, v) })
	if want := "2b 2b 2b 2b "; got != want {
		t.Errorf("a level that stays: vectors %q; want %q", got, want)
	}
	l.Set(false)
	if got := acks(p, w, nil); got != "2f " {
		t.Errorf("a level withdrawn before the acknowledge: %q; want the spurious \"2f \"", got)
	}
}

func TestSpurious(t *testing.T) {
	p, w := initialized(1)
	if got := p.Ack(); got != 0x27 {
		t.Errorf("Ack without request = %#x; want 0x27", got)
	}
	raise(p, 12)
	p.Out(0xa1, 1, 0xff) // masked between INTR and INTA
	if !w.high {
		t.Fatal("INTR is low; want the master's latched request")
	}
	if got := p.Ack(); got != 0x2f {
		t.Errorf("Ack after masking IRQ 12 = %#x; want 0x2f", got)
	}
	p.Out(0x20, 1, 0x0b)
	p.Out(0xa0, 1, 0x0b)
	if m, s := p.In(0x20, 1), p.In(0xa0, 1); m != 4 || s != 0 {
		t.Errorf("ISR after spurious 15: master %#x slave %#x; want 0x4 and 0", m, s)
	}
}

func TestSlaveAsksAgainInAutoEOI(t *testing.T) {
	p, w := initialized(3)
	raise(p, 14, 15, 9)
	if got := acks(p, w, nil); got != "29 2e 2f " {
		t.Errorf("three slave requests: vectors %q; want \"29 2e 2f \"", got)
	}
}

func TestEdgeNeedsRise(t *testing.T) {
	p, w := initialized(3)
	l := p.Line(4)
	l.Set(true)
	l.Set(true)
	if got := acks(p, w, func(uint8) { l.Set(true) }); got != "24 " {
		t.Errorf("one edge: vectors %q; want \"24 \"", got)
	}
	p.Out(0x20, 1, 0x11)
	p.Out(0x21, 1, 0x40)
	p.Out(0x21, 1, 4)
	l.Set(true)
	if w.high {
		t.Error("during initialization: INTR is high; want low")
	}
	p.Out(0x21, 1, 3)
	if w.high {
		t.Error("a high input after initialization: INTR is high; want low until a rise")
	}
	l.Set(false)
	l.Set(true)
	if got := acks(p, w, nil); got != "44 " {
		t.Errorf("after the rise: vectors %q; want \"44 \"", got)
	}
}

func TestInitializationLengths(t *testing.T) {
	for _, c := range []struct {
		icw1 uint32
		icws []uint32
	}{{0x10, []uint32{0x50, 4}}, {0x11, []uint32{0x50, 4, 1}}, {0x12, []uint32{0x50}}, {0x13, []uint32{0x50, 1}}} {
		p, _ := initialized(1)
		p.Out(0x20, 1, c.icw1)
		for _, v := range c.icws {
			p.Out(0x21, 1, v)
		}
		p.Out(0x21, 1, 0xa5)
		if got := p.In(0x21, 1); got != 0xa5 {
			t.Errorf("ICW1 %#x and %d more: IMR = %#x; want 0xa5", c.icw1, len(c.icws), got)
		}
		p.Out(0x21, 1, 0)
		raise(p, 1)
		if got := p.Ack(); got != 0x51 {
			t.Errorf("ICW1 %#x: vector %#x; want 0x51", c.icw1, got)
		}
	}
}

func TestReset(t *testing.T) {
	p, w := initialized(1)
	raise(p, 1, 12)
	p.Out(ELCRPort, 2, 0xffff)
	p.Reset()
	if w.high {
		t.Error("INTR after Reset is high; want low")
	}
	fresh := New(Config{INTR: &wire{}})
	if got, want := p.Save(), fresh.Save(); !bytes.Equal(got, want) {
		t.Errorf("state after Reset = %x; want %x", got, want)
	}
}

func TestSaveLoad(t *testing.T) {
	p, _ := initialized(1)
	p.Line(11).Set(true)
	raise(p, 3)
	p.Ack()
	raise(p, 1, 12)
	p.Out(0x20, 1, 0x11) // mid-initialization, too
	p.Out(0x20, 1, 0x11)
	p.Out(0x21, 1, 0x20)
	blob := p.Save()

	w2 := &wire{}
	q := New(Config{INTR: w2})
	if err := q.Load(blob); err != nil {
		t.Fatalf("Load(Save()) = %v; want nil", err)
	}
	if got := q.Save(); !bytes.Equal(got, blob) {
		t.Errorf("Save after Load = %x; want %x", got, blob)
	}
	run := func(p *PIC) (s string) {
		p.Line(11).Set(true) // no new edge
		p.Out(0x21, 1, 4)
		p.Out(0x21, 1, 1)
		raise(p, 0)
		for i := 0; i < 4; i++ {
			v := p.Ack()
			s += fmt.Sprintf("%02x ", v)
			eoi(p, v)
		}
		return s
	}
	if got, want := run(q), run(p); got != want {
		t.Errorf("vectors after Load %q; want %q", got, want)
	}
	if got, want := q.Save(), p.Save(); !bytes.Equal(got, want) {
		t.Errorf("state after the continuation = %x; want %x", got, want)
	}
	before := q.Save()
	for name, bad := range map[string][]byte{
		"newer":     devices.EncodeState(version+1, &state{}),
		"truncated": blob[:len(blob)-1],
	} {
		var se *devices.StateError
		if err := q.Load(bad); !errors.As(err, &se) {
			t.Errorf("Load of a %s state = %v; want a *devices.StateError", name, err)
		}
	}
	if got := q.Save(); !bytes.Equal(got, before) {
		t.Error("a refused Load changed the state")
	}
}
