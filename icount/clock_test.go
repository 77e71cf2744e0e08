// SPDX-License-Identifier: GPL-2.0-or-later

package icount

import (
	"math/rand/v2"
	"testing"
)

// newClock returns a clock and the count that it reads.
func newClock(t *testing.T, shift uint) (*Clock, *uint64) {
	t.Helper()
	n := new(uint64)
	c, err := NewClock(shift, func() uint64 { return *n })
	if err != nil {
		t.Fatal(err)
	}
	return c, n
}

func TestNewClock(t *testing.T) {
	for _, test := range []struct {
		shift uint
		ok    bool
	}{{0, true}, {MaxShift, true}, {MaxShift + 1, false}, {64, false}} {
		if _, err := NewClock(test.shift, nil); (err == nil) != test.ok {
			t.Errorf("NewClock(%d) has error %v, want one: %v", test.shift, err, !test.ok)
		}
	}
}

func TestNow(t *testing.T) {
	c, n := newClock(t, 3)
	*n = 100
	if got := c.Now(); got != 800 {
		t.Errorf("at icount 100 with shift 3 it is %d ns, want 800", got)
	}
	c.WarpTo(1003)
	c.WarpTo(1000) // past: nothing
	c.WarpTo(1003)
	if got := c.Now(); got != 1003 || c.Warp() != 203 {
		t.Errorf("after WarpTo(1003) it is %d ns with warp %d, want 1003 with 203", got, c.Warp())
	}
	*n = 101
	if got := c.Now(); got != 1011 {
		t.Errorf("an instruction later it is %d ns, want 1011", got)
	}
	if c.SetWarp(5); c.Now() != 813 || c.ICount() != 101 || c.Shift() != 3 {
		t.Errorf("with warp 5 it is %d ns at icount %d, shift %d; want 813, 101, 3", c.Now(), c.ICount(), c.Shift())
	}
}

func TestICountAt(t *testing.T) {
	for _, test := range []struct {
		shift       uint
		warp, n, ns uint64
		want        uint64
	}{
		{0, 0, 10, 11, 11},
		{0, 0, 10, 10, 10},
		{0, 0, 10, 0, 10}, // past: now
		{3, 0, 10, 80, 10},
		{3, 0, 10, 81, 11}, // rounded up
		{3, 0, 10, 88, 11},
		{3, 0, 10, 89, 12},
		{3, 5, 10, 85, 10},
		{3, 5, 10, 86, 11},
		{3, 5, 10, 3, 10}, // before the warp
		{10, 1 << 40, 7, 1<<40 + 7<<10 + 1, 8},
		{0, 7, 0, ^uint64(0), ^uint64(0) - 7},
		{10, 0, 0, ^uint64(0), 1 << 54},
	} {
		c, n := newClock(t, test.shift)
		*n = test.n
		c.SetWarp(test.warp)
		if got := c.ICountAt(test.ns); got != test.want {
			t.Errorf("shift %d, warp %d, icount %d: ICountAt(%d) = %d, want %d", test.shift, test.warp, test.n, test.ns, got, test.want)
		}
	}
}

// ICountAt gives the first count at which it is late enough.
func TestICountAtIsTheFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		c, n := newClock(t, uint(random.IntN(MaxShift+1)))
		*n = random.Uint64N(1 << 40)
		c.SetWarp(random.Uint64N(1 << 50))
		now := *n
		ns := c.Now() + random.Uint64N(1<<uint(random.IntN(40)+1))
		at := c.ICountAt(ns)
		if *n = at; c.Now() < ns {
			t.Fatalf("shift %d, warp %d: ICountAt(%d) = %d, where it is only %d ns", c.Shift(), c.Warp(), ns, at, c.Now())
		}
		if *n = at - 1; at > now && c.Now() >= ns {
			t.Fatalf("shift %d, warp %d: ICountAt(%d) = %d, but it is %d ns one earlier", c.Shift(), c.Warp(), ns, at, c.Now())
		}
	}
}
