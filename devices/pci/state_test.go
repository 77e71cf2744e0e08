// SPDX-License-Identifier: GPL-2.0-or-later

package pci

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

func TestResetControl(t *testing.T) {
	const none, soft, hard = "", "soft", "hard"
	asked := none
	r := NewResetControl(ResetConfig{Reset: func(h bool) {
		asked = soft
		if h {
			asked = hard
		}
	}})
	for _, c := range []struct {
		size        int
		write, read uint32
		want        string
	}{
		{1, 0x02, 0x02, none}, {1, 0x06, 0x06, hard}, {1, 0x06, 0x06, none}, // no edge
		{1, 0x00, 0x00, none}, {1, 0x04, 0x04, soft}, {1, 0xFB, 0x02, none},
		{2, 0x06, 0x02, none}, {1, 0xFF, 0x06, hard},
	} {
		asked = none
		r.Out(PortReset, c.size, c.write)
		if got := r.In(PortReset, 1); got != c.read || asked != c.want {
			t.Errorf("Out(0xcf9, %d, %#x): read %#x, asked for %q; want %#x, %q", c.size, c.write, got, asked, c.read, c.want)
		}
	}
	if got := r.In(PortReset, 2); got != 0xFFFF {
		t.Errorf("In(0xcf9, 2) = %#x; want 0xffff", got)
	}
	saved := r.Save()
	asked = none
	r.Reset()
	if err := r.Load(saved); err != nil || asked != none || r.In(PortReset, 1) != 6 {
		t.Errorf("Load = %v, asked for %q, reads %#x; want nil, none, 6", err, asked, r.In(PortReset, 1))
	}
}

func TestSaveLoad(t *testing.T) {
	a, b := NewBus(), NewBus()
	ha, hb := NewHostBridge(), NewHostBridge()
	ia, ib := NewISABridge(), NewISABridge()
	a.Attach(0, 0, ha)
	b.Attach(0, 0, hb)
	a.Out(PortAddress, 4, address(0, 0, 0x58))
	a.Out(0xCFD, 1, 0x30)
	ia.ConfigWrite(0x60, 4, 0x0B0B0A0A)
	for _, p := range [][2]devices.Device{{a, b}, {ha, hb}, {ia, ib}} {
		saved := p[0].Save()
		if bytes.Equal(p[1].Save(), saved) {
			t.Errorf("%s: the state to load is the state at reset", p[0].Name())
		}
		if err := p[1].Load(saved); err != nil {
			t.Fatal(err)
		}
		if got := p[1].Save(); !bytes.Equal(got, saved) {
			t.Errorf("%s: Save after Load = %x; want %x", p[0].Name(), got, saved)
		}
	}
	if got, want := b.In(PortData, 4), a.In(PortData, 4); got != want || got != 0x3000 {
		t.Errorf("PAM0 after Load = %#x; want %#x, 0x3000", got, want)
	}
	for _, d := range []devices.Device{a, ha, ia} {
		d.Reset()
	}
	for _, p := range [][2]devices.Device{{a, NewBus()}, {ha, NewHostBridge()}, {ia, NewISABridge()}} {
		if got, want := p[0].Save(), p[1].Save(); !bytes.Equal(got, want) {
			t.Errorf("%s after Reset = %x; want %x", p[0].Name(), got, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, d := range []devices.Device{NewBus(), NewHostBridge(), NewISABridge(), NewResetControl(ResetConfig{})} {
		good := d.Save()
		newer := append([]byte(nil), good...)
		newer[0]++
		for _, blob := range [][]byte{newer, good[:len(good)-1], nil} {
			var se *devices.StateError
			if err := d.Load(blob); !errors.As(err, &se) || se.Device != d.Name() {
				t.Errorf("%s: Load(%d bytes) = %v; want a *StateError that names it", d.Name(), len(blob), err)
			}
		}
	}
	var se *devices.StateError
	if err := NewISABridge().Load(NewHostBridge().Save()); !errors.As(err, &se) {
		t.Errorf("the ISA bridge loaded the host bridge's state: %v; want a *StateError", err)
	}
}
