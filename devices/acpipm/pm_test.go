// SPDX-License-Identifier: GPL-2.0-or-later

package acpipm

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

const base = DefaultBase

type bench struct {
	*PM
	now   uint64
	clock *icount.Clock
	sci   bool
	off   int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{}
	clock, err := icount.NewClock(0, func() uint64 { return b.now })
	if err != nil {
		t.Fatal(err)
	}
	b.clock = clock
	b.PM = New(Config{
		Clock:    clock,
		Base:     base,
		SCI:      devices.LineFunc(func(high bool) { b.sci = high }),
		PowerOff: func() { b.off++ },
	})
	return b
}

func (b *bench) at(now uint64) {
	b.now = now
	b.clock.RunDue()
}

func TestTimerValue(t *testing.T) {
	for _, ns := range []uint64{0, 279, 280, 558, 559, 1e9 - 1, 1e9, 599_929_000_000, 1 << 40, 1<<63 + 12345, ^uint64(0)} {
		n := new(big.Int).SetUint64(ns)
		n.Mul(n, big.NewInt(TimerHz)).Div(n, big.NewInt(1e9))
		want := uint32(n.Uint64())
		if got := TimerValue(ns); got != want {
			t.Errorf("TimerValue(%d) = %d; want %d", ns, got, want)
		}
	}
	for _, n := range []uint64{1, 2, 3, 1000, 1 << 20} {
		ns := instant(n)
		if halves(ns) != n || halves(ns-1) != n-1 {
			t.Errorf("instant(%d) = %d ns, where the top bit has changed %d times and 1 ns before %d; want %d, %d",
				n, ns, halves(ns), halves(ns-1), n, n-1)
		}
	}
}

func TestAccessSizes(t *testing.T) {
	b := newBench(t)
	b.Out(base+Event, 4, 0x0100<<16|0xFFFF)
	b.Out(base+Control, 2, 1<<10)
	b.PressPowerButton()
	b.now = 20_000_000_000 // 71,590,900 ticks: 0x044463F4
	for _, c := range []struct {
		port uint16
		size int
		want uint32
	}{
		{base, 2, 0x0100}, {base, 4, 0x01000100}, {base + 1, 1, 0x01}, {base + 3, 1, 0x01}, {base + 2, 2, 0x0100},
		{base + 4, 2, 0x0401}, {base + 4, 1, 0x01}, {base + 5, 1, 0x04}, {base + 4, 4, 0x0401},
		{base + 8, 4, 0x044463F4}, {base + 8, 1, 0xF4}, {base + 10, 2, 0x0444}, {base + 9, 2, 0x4463},
		{base + 12, 4, 0}, {base + 6, 2, 0},
	} {
		if got := b.In(c.port, c.size); got != c.want {
			t.Errorf("In(%#x, %d) = %#x; want %#x", c.port, c.size, got, c.want)
		}
	}
	b.Out(base+3, 1, 0)
	if got := b.In(base+2, 2); got != 0 {
		t.Errorf("enable after clearing its high byte = %#x; want 0", got)
	}
	b.Out(base, 1, 0xFF)
	if got := b.In(base, 2); got != 0x0100 {
		t.Errorf("status after clearing its low byte = %#x; want 0x100", got)
	}
	b.Out(base+2, 2, 0xFFFF)
	if got := b.In(base+2, 2); got != enableBits {
		t.Errorf("enable after writing all-ones = %#x; want %#x", got, enableBits)
	}
	b.Out(base+Timer, 4, 0)
	b.Out(base+GPE0, 4, ^uint32(0))
	if got := b.In(base+GPE0, 4); got != 0 {
		t.Errorf("GPE0 after writing all-ones = %#x; want 0", got)
	}
}

func TestPowerButton(t *testing.T) {
	b := newBench(t)
	b.PressPowerButton()
	if b.sci || b.In(base, 2) != 0x100 {
		t.Errorf("button while disabled: SCI %v, status %#x; want false, 0x100", b.sci, b.In(base, 2))
	}
	b.Out(base+2, 2, 0x100)
	if !b.sci {
		t.Error("SCI after enabling a pending button = false; want true")
	}
	b.Out(base, 2, 0x100)
	if b.sci || b.In(base, 2) != 0 {
		t.Errorf("after clearing: SCI %v, status %#x; want false, 0", b.sci, b.In(base, 2))
	}
	b.PressPowerButton()
	if !b.sci {
		t.Error("SCI after the button = false; want true")
	}
	b.Reset()
	if b.sci || b.In(base, 4) != 0 {
		t.Errorf("after Reset: SCI %v, registers %#x; want false, 0", b.sci, b.In(base, 4))
	}
}

func TestPowerOff(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		port uint16
		ctl  uint32
		want int
	}{
		{"type without enable", 2, base + 4, SleepS5 << 10, 0},
		{"S5", 2, base + 4, SleepS5<<10 | 1<<13, 1},
		{"S5 by the high byte", 1, base + 5, SleepS5<<2 | 1<<5, 1},
		{"another type", 2, base + 4, 1<<10 | 1<<13, 0},
	} {
		b := newBench(t)
		b.Out(c.port, c.size, c.ctl)
		if b.off != c.want {
			t.Errorf("%s: Out(%#x, %d, %#x) powered off %d times; want %d", c.name, c.port, c.size, c.ctl, b.off, c.want)
		}
		if got := b.In(base+4, 2); got&(1<<13) != 0 || got&1 == 0 {
			t.Errorf("%s: control reads %#x; want SLP_EN 0 and SCI_EN 1", c.name, got)
		}
	}
}

func TestTimerOverflow(t *testing.T) {
	b := newBench(t)
	if _, ok := b.clock.NextDeadline(); ok {
		t.Error("a timer that is not enabled is armed")
	}
	first, second := instant(1), instant(2)
	b.at(first)
	if got := b.In(base, 2); got != bitTimer || b.sci {
		t.Errorf("at the first overflow: status %#x, SCI %v; want 1, false", got, b.sci)
	}
	b.Out(base+2, 2, bitTimer)
	if !b.sci {
		t.Error("SCI after enabling a pending overflow = false; want true")
	}
	b.Out(base, 2, bitTimer)
	if got, _ := b.clock.NextDeadline(); got != second || b.sci {
		t.Errorf("after clearing: deadline %d, SCI %v; want %d, false", got, b.sci, second)
	}
	b.at(second - 1)
	if b.sci {
		t.Error("SCI 1 ns before the second overflow = true; want false")
	}
	b.at(second)
	if !b.sci {
		t.Error("SCI at the second overflow = false; want true")
	}
}

func TestSaveLoad(t *testing.T) {
	a := newBench(t)
	a.at(instant(1) + 5)
	a.Out(base, 2, bitTimer)
	a.Out(base+2, 2, bitTimer|bitPowerButton)
	a.Out(base+4, 2, 3<<10|2)
	saved := a.Save()

	b := newBench(t)
	if err := b.Load(saved); err != nil { // before the clock has its time
		t.Fatal(err)
	}
	b.now = a.now
	if got := b.Save(); !bytes.Equal(got, saved) {
		t.Errorf("Save after Load = %x; want %x", got, saved)
	}
	for _, now := range []uint64{a.now, instant(2) - 1, instant(2)} {
		a.at(now)
		b.at(now)
		if b.sci != a.sci || b.In(base, 4) != a.In(base, 4) || b.In(base+4, 2) != a.In(base+4, 2) {
			t.Errorf("at %d ns: SCI %v, events %#x; want %v, %#x", now, b.sci, b.In(base, 4), a.sci, a.In(base, 4))
		}
	}
	if !b.sci {
		t.Error("SCI at the end = false; want true")
	}
	high := b.Save()
	c := newBench(t)
	if err := c.Load(high); err != nil || !c.sci {
		t.Errorf("Load of a state with the SCI high = %v, SCI %v; want nil, true", err, c.sci)
	}

	newer := append([]byte(nil), saved...)
	newer[0]++
	for _, blob := range [][]byte{newer, saved[1:], nil} {
		var se *devices.StateError
		if err := c.Load(blob); !errors.As(err, &se) {
			t.Errorf("Load(%d bytes) = %v; want a *StateError", len(blob), err)
		}
	}
	if !bytes.Equal(c.Save(), high) {
		t.Error("a refused state changed the device")
	}
}
