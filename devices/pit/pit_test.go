// SPDX-License-Identifier: GPL-2.0-or-later

package pit

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/internal/testdevice"
)

// TestWaveforms follows figures 15 to 20 of the data sheet. A count written at
// one tick is in the counter at the next.
func TestWaveforms(t *testing.T) {
	for _, c := range []struct {
		name                 string
		mode                 uint8
		actions, out, counts string
	}{
		{"mode 0", 0, "4......", "_____--", "443210f"},
		{"mode 0, gate holds", 0, "4..-..+....", "________---", "443222210fe"},
		{"mode 0, new count", 0, "3..2...", "______-", "3322210"},
		{"mode 1", 1, "3.-+.....", "----___--", "33333210f"},
		{"mode 1, retriggered", 1, "4-+..-+.....", "---________-", ""},
		{"mode 2", 2, "3......", "---_--_", "3321321"},
		{"mode 2, gate", 2, "3..-..+....", "---------_-", "33211133213"},
		{"mode 2, gate ends the pulse", 2, "3..-+...", "-------_", ""},
		{"mode 2, new count after the cycle", 2, "4.5.......", "----_----_", ""},
		{"mode 3, even", 3, "4........", "---__--__", "442424242"},
		{"mode 3, odd", 3, "5..........", "----__---__", "44204242042"},
		{"mode 3, gate", 3, "4..-.+....", "--------__", ""},
		{"mode 3, new count after the half", 3, "4.6.......", "---___---_", ""},
		{"mode 4", 4, "3......", "----_--", "33210fe"},
		{"mode 4, gate holds", 4, "3.-..+...", "-------_-", ""},
		{"mode 4, new count", 4, "3.3.....", "------_-", ""},
		{"mode 5", 5, "3.-+.....", "-------_-", "33333210f"},
		{"mode 6 is 2", 6, "3......", "---_--_", ""},
		{"mode 7 is 3", 7, "4......", "---__--", ""},
	} {
		out, counts := script(t, c.mode, c.actions)
		if out != c.out {
			t.Errorf("%s: %q gives OUT %q; want %q", c.name, c.actions, out, c.out)
		}
		if c.counts != "" && counts != c.counts {
			t.Errorf("%s: %q gives counts %q; want %q", c.name, c.actions, counts, c.counts)
		}
	}
}

// TestNextFindsEveryEdge compares next with a search tick by tick.
func TestNextFindsEveryEdge(t *testing.T) {
	for mode := uint8(0); mode < 6; mode++ {
		for n := uint8(1); n < 9; n++ {
			for rewrite := int64(0); rewrite < 20; rewrite += 3 {
				c := counter{Gate: true}
				c.control(0x10|mode<<1, 100)
				c.write(n, 100)
				if mode == 1 || mode == 5 {
					c.setGate(false, 100)
					c.setGate(true, 100)
				}
				c.advance(100 + rewrite)
				if rewrite != 0 {
					c.write(n%5+2, 100+rewrite)
				}
				now := 100 + rewrite
				for edges := 0; edges < 5; edges++ {
					next, want, level := c.next(now), int64(0), c.out(now)
					for tick := now + 1; tick < now+40 && want == 0; tick++ {
						if tick == c.SwitchAt || c.out(tick) != level {
							want = tick
						}
					}
					if next != want {
						t.Fatalf("mode %d, count %d, rewritten after %d: next(%d) = %d; want %d",
							mode, n, rewrite, now, next, want)
					}
					if next == 0 {
						break
					}
					now = next
					c.advance(now)
				}
			}
		}
	}
}

func TestTicksAreExact(t *testing.T) {
	for _, ns := range []uint64{0, 838, 839, 1e9 - 1, 1e9, 1<<32 + 7, 1<<53 + 1, 1<<63 + 12345, 1<<64 - 1} {
		want := new(big.Int).SetUint64(ns)
		want.Mul(want, big.NewInt(Hz)).Div(want, big.NewInt(second))
		got := ticksAt(ns)
		if got != want.Int64() {
			t.Errorf("ticksAt(%d) = %d; want %v", ns, got, want)
		}
		if at := nanosAt(got); at > ns || ticksAt(at) != got || at > 0 && ticksAt(at-1) == got {
			t.Errorf("nanosAt(%d) = %d; want the first ns of that tick, not after %d", got, at, ns)
		}
	}
}

func TestPeriodicInterruptsDoNotDrift(t *testing.T) {
	for _, mode := range []uint8{2, 3} {
		r := newRig(t)
		r.program(0, mode, 11932) // 100 Hz, nearly
		r.edges = nil
		const last = 1 + 11932*6000
		r.tick(last)
		if len(r.edges) != 6000 {
			t.Fatalf("mode %d: %d interrupts in 6000 periods; want 6000", mode, len(r.edges))
		}
		for i, ns := range r.edges {
			if want := nanosAt(1 + 11932*int64(i+1)); ns != want {
				t.Fatalf("mode %d: interrupt %d at %d ns; want %d", mode, i, ns, want)
			}
		}
	}
}

func TestLateEdgesAreAllDelivered(t *testing.T) {
	for name, run := range map[string]func(r *rig){
		"by the clock":         func(r *rig) { r.clock.RunDue() },
		"by an access":         func(r *rig) { r.inb(0x40) },
		"by another channel's": func(r *rig) { r.outb(0x43, 0xb6) },
	} {
		r := newRig(t)
		r.program(0, 2, 1000)
		r.edges = nil
		r.now = nanosAt(5001) // no timer ran meanwhile
		run(r)
		if len(r.edges) != 5 {
			t.Errorf("%s: %d edges after 5 periods; want 5", name, len(r.edges))
		}
	}
}

func TestOneShotArmsOnce(t *testing.T) {
	for _, c := range []struct {
		mode  uint8
		ticks int64
		edges int
	}{{0, 101, 1}, {4, 102, 1}} {
		r := newRig(t)
		r.program(0, c.mode, 100)
		r.edges = nil
		r.tick(c.ticks - 1)
		if len(r.edges) != 0 {
			t.Errorf("mode %d: an interrupt before tick %d", c.mode, c.ticks)
		}
		r.tick(c.ticks)
		if len(r.edges) != c.edges {
			t.Errorf("mode %d: %d interrupts at tick %d; want %d", c.mode, len(r.edges), c.ticks, c.edges)
		}
		if d, ok := r.clock.NextDeadline(); ok {
			t.Errorf("mode %d, expired: a timer is armed for %d ns; want none", c.mode, d)
		}
	}
	r := newRig(t)
	r.program(2, 3, 100)
	if _, ok := r.clock.NextDeadline(); ok {
		t.Error("channel 2 running: a timer is armed; want none")
	}
}

func TestNewCountOnChannel0(t *testing.T) {
	r := newRig(t)
	r.program(0, 2, 1000)
	r.edges = nil
	r.tick(500)
	r.outb(0x40, 0xd0)
	r.outb(0x40, 0x07) // 2000, from the end of this cycle on
	r.tick(6000)
	want := []uint64{nanosAt(1001), nanosAt(3001), nanosAt(5001)}
	if len(r.edges) != 3 || r.edges[0] != want[0] || r.edges[1] != want[1] || r.edges[2] != want[2] {
		t.Errorf("edges at %d ns; want %d", r.edges, want)
	}
}

func TestLatchAndReadBack(t *testing.T) {
	r := newRig(t)
	r.program(0, 2, 0x1234)
	r.tick(0x35)
	r.outb(0x43, 0x00) // latch
	r.tick(0x40)
	r.outb(0x43, 0x00) // ignored: not read yet
	if got := r.inb(0x40); got != 0x00 {
		t.Errorf("latched low byte = %#x; want 0x00", got)
	}
	r.tick(0x50)
	if got := r.inb(0x40); got != 0x12 {
		t.Errorf("latched high byte = %#x; want 0x12", got)
	}
	if got, want := r.latched(0), uint16(0x1234-0x4f); got != want {
		t.Errorf("count at tick 0x50 = %#x; want %#x", got, want)
	}
	r.outb(0x43, 0xc2) // read back status and count of channel 0
	for i, want := range []uint8{0xb4, 0xe5, 0x11} {
		if got := r.inb(0x40); got != want {
			t.Errorf("read-back byte %d = %#x; want %#x", i, got, want)
		}
	}
	r.program(2, 3, 8)
	r.outb(0x43, 0xe8) // status of channel 2: count not loaded yet
	if got := r.inb(0x42); got != 0xf6 {
		t.Errorf("status of channel 2 = %#x; want 0xf6", got)
	}
	r.outb(ControlPort, p61Gate2)
	r.tick(0x52)
	r.outb(0x43, 0xe8)
	if got := r.inb(0x42); got != 0xb6 {
		t.Errorf("status of channel 2 loaded = %#x; want 0xb6", got)
	}
	if got := r.inb(0x43); got != 0xff {
		t.Errorf("reading the control port = %#x; want 0xff", got)
	}
}

func TestAccessModesAndBCD(t *testing.T) {
	for _, c := range []struct {
		control uint8
		writes  []uint8
		tick    int64 // after the load
		want    []uint8
	}{
		{0x14, []uint8{0x50}, 1, []uint8{0x4f, 0x4f}},             // low byte only
		{0x24, []uint8{0x02}, 1, []uint8{0x01, 0x01}},             // high byte only
		{0x35, []uint8{0x00, 0x20}, 1, []uint8{0x99, 0x19, 0x99}}, // BCD
		{0x31, []uint8{0x00, 0x00}, 0, []uint8{0x00, 0x00}},       // BCD 10000
		{0x31, []uint8{0x00, 0x00}, 1, []uint8{0x99, 0x99}},       //
		{0x31, []uint8{0x01, 0x00}, 2, []uint8{0x99, 0x99}},       // BCD wrap
		{0x30, []uint8{0x00, 0x00}, 1, []uint8{0xff, 0xff}},       // 65536
	} {
		r := newRig(t)
		r.outb(0x43, c.control)
		for _, v := range c.writes {
			r.outb(0x40, v)
		}
		r.tick(1 + c.tick)
		for i, want := range c.want {
			if got := r.inb(0x40); got != want {
				t.Errorf("control %#x count %x, %d ticks: byte %d = %#x; want %#x",
					c.control, c.writes, c.tick, i, got, want)
			}
		}
	}
}

func TestPort61(t *testing.T) {
	r := newRig(t)
	r.outb(ControlPort, 0xff)
	if got := r.inb(ControlPort); got != 0x0f {
		t.Errorf("after writing 0xff: %#x; want 0x0f", got)
	}
	toggles, last := 0, uint8(0)
	for tick := int64(0); tick < 18*1000; tick += 6 {
		r.tick(tick)
		if v := r.inb(ControlPort) & p61Refresh; v != last {
			toggles, last = toggles+1, v
		}
	}
	if toggles != 999 {
		t.Errorf("refresh toggled %d times in 18000 ticks; want 999", toggles)
	}
}

func TestReset(t *testing.T) {
	r := newRig(t)
	r.program(0, 3, 100)
	r.tick(10)
	r.Reset()
	if _, ok := r.clock.NextDeadline(); ok || r.irq {
		t.Errorf("after Reset: timer armed %v, IRQ %v; want neither", ok, r.irq)
	}
	if got, want := r.Save(), newRig(t).Save(); !bytes.Equal(got, want) {
		t.Error("the state after Reset differs from power-on")
	}
}

func TestSaveLoad(t *testing.T) {
	a := newRig(t)
	a.program(0, 3, 1001)
	a.program(1, 2, 18)
	a.program(2, 0, 5000)
	a.outb(ControlPort, p61Gate2)
	a.tick(3777)
	a.outb(ControlPort, 0)
	a.outb(0x40, 0x33)
	a.outb(0x43, 0xce)
	b := newRig(t)
	b.now = a.now
	blob := testdevice.Copy(t, a, b)
	if b.irq != a.irq {
		t.Errorf("IRQ after Load = %v; want %v", b.irq, a.irq)
	}
	run := func(r *rig) (seen []uint64) {
		r.edges = nil
		r.outb(0x40, 0x03)
		r.outb(ControlPort, p61Gate2)
		for tick := int64(4000); tick < 20000; tick += 777 {
			r.tick(tick)
			for port := uint16(0x40); port < 0x43; port++ {
				seen = append(seen, uint64(r.inb(port)))
			}
			seen = append(seen, uint64(r.inb(ControlPort)))
		}
		return append(seen, r.edges...)
	}
	want, got := run(a), run(b)
	if len(want) != len(got) {
		t.Fatalf("after Load %d observations; want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("after Load observation %d = %d; want %d", i, got[i], want[i])
		}
	}
	if !bytes.Equal(a.Save(), b.Save()) {
		t.Error("the states after the continuation differ")
	}
	zero := a.s
	zero.Counters[0].Period = 0
	for name, bad := range map[string][]byte{
		"newer":       devices.EncodeState(version+1, &state{}),
		"short":       blob[:5],
		"zero period": devices.EncodeState(version, &zero),
	} {
		var se *devices.StateError
		if err := b.Load(bad); !errors.As(err, &se) {
			t.Errorf("Load of a %s state = %v; want a *devices.StateError", name, err)
		}
	}
}
