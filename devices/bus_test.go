// SPDX-License-Identifier: GPL-2.0-or-later

package devices

import (
	"fmt"
	"testing"
)

// echo notes the accesses that reach it.
type echo struct {
	name string
	last string
}

func (e *echo) In(port uint16, size int) uint32 {
	e.last = fmt.Sprintf("in %#x/%d", port, size)
	return 0x12345678
}
func (e *echo) Out(port uint16, size int, value uint32) {
	e.last = fmt.Sprintf("out %#x/%d %#x", port, size, value)
}
func (e *echo) Read(offset uint64, size int) uint64 {
	e.last = fmt.Sprintf("read %#x/%d", offset, size)
	return 0x123456789
}
func (e *echo) Write(offset uint64, size int, value uint64) {
	e.last = fmt.Sprintf("write %#x/%d %#x", offset, size, value)
}

// panics reports whether f does.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestPortBus(t *testing.T) {
	var b PortBus
	low, high := &echo{name: "low"}, &echo{name: "high"}
	b.Map(0x60, 2, low)
	b.Map(0xfffe, 2, high)
	for _, test := range []struct {
		port uint16
		size int
		want uint32
		dev  *echo
		last string
	}{
		{0x5f, 1, 0xff, nil, ""},
		{0x5f, 4, 0xffffffff, nil, ""}, // belongs to whom the first port belongs to
		{0x60, 1, 0x12345678, low, "in 0x60/1"},
		{0x61, 2, 0x12345678, low, "in 0x61/2"},
		{0x62, 2, 0xffff, nil, ""},
		{0xffff, 4, 0x12345678, high, "in 0xffff/4"},
	} {
		low.last, high.last = "", ""
		if got := b.In(test.port, test.size); got != test.want {
			t.Errorf("In(%#x, %d) = %#x, want %#x", test.port, test.size, got, test.want)
		}
		if test.dev != nil && test.dev.last != test.last {
			t.Errorf("In(%#x, %d) came to %s as %q, want %q", test.port, test.size, test.dev.name, test.dev.last, test.last)
		}
	}
	b.Out(0x60, 2, 0xabcd)
	b.Out(0x62, 1, 1) // nobody's
	if want := "out 0x60/2 0xabcd"; low.last != want {
		t.Errorf("Out came as %q, want %q", low.last, want)
	}
	for _, first := range []uint16{0x5f, 0x60, 0x61} {
		if !panics(func() { b.Map(first, 2, high) }) {
			t.Errorf("mapping the ports %#x+2 over 0x60+2 does not panic", first)
		}
	}
}

func TestMMIOBus(t *testing.T) {
	var b MMIOBus
	high, low := &echo{name: "high"}, &echo{name: "low"}
	b.Map(0xfee00000, 0x1000, high)
	b.Map(0xfec00000, 0x1000, low)
	b.Map(0xfec01000, 0x1000, high) // right behind
	for _, test := range []struct {
		pa   uint64
		size int
		want uint64
		dev  *echo
		last string
	}{
		{0, 4, 0xffffffff, nil, ""},
		{0xfebfffff, 1, 0xff, nil, ""},
		{0xfec00000, 4, 0x123456789, low, "read 0x0/4"},
		{0xfec00fff, 1, 0x123456789, low, "read 0xfff/1"},
		{0xfec01000, 2, 0x123456789, high, "read 0x0/2"},
		{0xfec02000, 8, 0xffffffffffffffff, nil, ""},
		{0xfee00ff0, 8, 0x123456789, high, "read 0xff0/8"},
		{0xfee01000, 2, 0xffff, nil, ""},
		{0x1fee00000, 2, 0xffff, nil, ""},
	} {
		low.last, high.last = "", ""
		if got := b.Read(test.pa, test.size); got != test.want {
			t.Errorf("Read(%#x, %d) = %#x, want %#x", test.pa, test.size, got, test.want)
		}
		if test.dev != nil && test.dev.last != test.last {
			t.Errorf("Read(%#x, %d) came to %s as %q, want %q", test.pa, test.size, test.dev.name, test.dev.last, test.last)
		}
	}
	b.Write(0xfee00020, 4, 9)
	b.Write(0xfed00000, 4, 9) // nobody's
	if want := "write 0x20/4 0x9"; high.last != want {
		t.Errorf("Write came as %q, want %q", high.last, want)
	}
	for _, base := range []uint64{0xfebff001, 0xfec00000, 0xfec00fff, 0xfec01fff, 0xfedff800} {
		if !panics(func() { b.Map(base, 0x1000, low) }) {
			t.Errorf("mapping %#x+0x1000 over others does not panic", base)
		}
	}
}

func TestOnes(t *testing.T) {
	for size, want := range map[int]uint64{1: 0xff, 2: 0xffff, 4: 0xffffffff, 8: 0xffffffffffffffff} {
		if got := Ones(size); got != want {
			t.Errorf("Ones(%d) = %#x, want %#x", size, got, want)
		}
	}
}

func TestPulse(t *testing.T) {
	var levels []bool
	Pulse(LineFunc(func(high bool) { levels = append(levels, high) }))
	if fmt.Sprint(levels) != "[true false]" {
		t.Errorf("Pulse set %v, want [true false]", levels)
	}
}
