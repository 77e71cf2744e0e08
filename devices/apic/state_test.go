// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

// busy puts a bench in the middle of everything: a running timer, a level in
// service, a request that waits, an ExtINT pin high and an error not yet read.
func busy(t *testing.T) *bench {
	b := newBench(t, true)
	b.now = 1000
	b.write(regDivide, 0)
	b.write(0x320, 1<<17|0x40)
	b.write(regInitial, 300)
	b.redirect(9, lvtLevel|0x91)
	b.io.Line(9).Set(true)
	b.local.Ack()
	b.write(regICRLow, 1<<18|0x22)
	b.write(regICRLow, 1<<18|0x02)
	b.local.LINT0().Set(true)
	b.at(1777)
	return b
}

// rest runs a bench to its end and returns what could be seen on the way.
func rest(b *bench) []uint64 {
	var seen []uint64
	look := func() {
		intr := uint64(0)
		if b.intr {
			intr = 1
		}
		seen = append(seen, intr, uint64(b.read(regCurrent)), uint64(b.read(regPPR)), b.entry(9), uint64(b.read(regESR)))
	}
	look()
	b.write(regESR, 0)
	for _, now := range []uint64{2199, 2200, 2800, 4000} {
		b.at(now)
		look()
		b.write(regEOI, 0)
		look()
		seen = append(seen, uint64(b.local.Ack()))
	}
	return seen
}

func TestSaveLoadContinuesIdentically(t *testing.T) {
	a := busy(t)
	local, io := a.local.Save(), a.io.Save()
	if again := a.local.Save(); !bytes.Equal(again, local) {
		t.Error("two Saves at the same instant differ")
	}

	b := newBench(t, false)
	b.now = a.now
	if err := b.io.Load(io); err != nil {
		t.Fatal(err)
	}
	if err := b.local.Load(local); err != nil {
		t.Fatal(err)
	}
	if got := b.local.Save(); !bytes.Equal(got, local) {
		t.Errorf("local: Save after Load = %x; want %x", got, local)
	}
	if got := b.io.Save(); !bytes.Equal(got, io) {
		t.Errorf("ioapic: Save after Load = %x; want %x", got, io)
	}
	b.wantINTR("Load", a.intr)
	want, got := rest(a), rest(b)
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("observation %d after Load = %#x; want %#x (all: %#x, %#x)", i, got[i], want[i], got, want)
		}
	}
	if !bytes.Equal(a.local.Save(), b.local.Save()) {
		t.Error("the local APICs differ after the same continuation")
	}
}

func TestReset(t *testing.T) {
	b := busy(t)
	b.local.LINT0().Set(false)
	b.io.Line(9).Set(false)
	b.local.Reset()
	b.io.Reset()
	fresh := newBench(t, true)
	if got, want := b.local.Save(), fresh.local.Save(); !bytes.Equal(got, want) {
		t.Errorf("local after Reset = %x; want %x", got, want)
	}
	if got, want := b.io.Save(), fresh.io.Save(); !bytes.Equal(got, want) {
		t.Errorf("ioapic after Reset = %x; want %x", got, want)
	}
	b.wantINTR("Reset", false)
	if _, ok := b.clock.NextDeadline(); ok {
		t.Error("Reset left the timer armed")
	}
}

func TestLoadRefuses(t *testing.T) {
	b := busy(t)
	for _, d := range []devices.Device{b.local, b.io} {
		good := d.Save()
		newer := append([]byte(nil), good...)
		newer[0]++
		zeros := append(append([]byte(nil), good[:2]...), make([]byte, len(good))...)[:len(good)]
		if d == devices.Device(b.io) {
			zeros = nil // an IO-APIC can be all zeros
		}
		for name, blob := range map[string][]byte{"newer": newer, "short": good[:len(good)-1], "empty": nil, "zeroed": zeros} {
			var se *devices.StateError
			if err := d.Load(blob); !errors.As(err, &se) {
				t.Errorf("%s: Load of a %s state = %v; want a *StateError", d.Name(), name, err)
			}
			if !bytes.Equal(d.Save(), good) {
				t.Errorf("%s: a refused %s state changed the device", d.Name(), name)
			}
		}
	}
}
