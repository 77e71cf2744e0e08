// SPDX-License-Identifier: GPL-2.0-or-later

package debugport

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

func TestConsole(t *testing.T) {
	for _, port := range []uint16{BochsPort, SeaBIOSPort} {
		var got []byte
		d := New(Config{Sink: func(c byte) { got = append(got, c) }})
		d.Out(port, 1, 'h')
		d.Out(port, 2, 'x'<<8|'i')
		if want := "hi"; string(got) != want {
			t.Errorf("port %#x: sink got %q; want %q", port, got, want)
		}
		for size, want := range map[int]uint32{1: 0xe9, 2: 0xffe9, 4: 0xffffffe9} {
			if v := d.In(port, size); v != want {
				t.Errorf("In(%#x, %d) = %#x; want %#x", port, size, v, want)
			}
		}
	}
}

func TestExit(t *testing.T) {
	for _, c := range []struct {
		port  uint16
		size  int
		value uint32
		want  int
	}{
		{0xf4, 1, 0, 1},
		{0xf4, 1, 0x10, 0x21},
		{0xf4, 1, 0x1ff, 0x1ff}, // only the byte counts
		{0xf4, 4, 0x80000000, 0x100000001},
		{0xf7, 1, 3, 7},
	} {
		got := -1
		d := New(Config{Exit: func(code int) { got = code }})
		d.Out(c.port, c.size, c.value)
		if got != c.want {
			t.Errorf("Out(%#x, %d, %#x) exits with %#x; want %#x", c.port, c.size, c.value, got, c.want)
		}
	}
}

func TestNilFunctions(t *testing.T) {
	d := New(Config{})
	d.Out(BochsPort, 1, 'x')
	d.Out(ExitPort, 1, 1)
}

func TestSaveLoad(t *testing.T) {
	d := New(Config{})
	blob := d.Save()
	if err := d.Load(blob); err != nil {
		t.Fatalf("Load(Save()) = %v; want nil", err)
	}
	if again := d.Save(); !bytes.Equal(again, blob) {
		t.Errorf("Save after Load = %x; want %x", again, blob)
	}
	var se *devices.StateError
	if err := d.Load(devices.EncodeState(version+1, state{})); !errors.As(err, &se) {
		t.Errorf("Load of version %d = %v; want a *devices.StateError", version+1, err)
	}
}
