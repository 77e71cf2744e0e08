// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"testing"

	"github.com/vmrr/vmrr/cpu"
)

// TestInterruptAtEveryCount raises an interrupt, and in a second round an NMI,
// between two runs at every count of a guest. It must be taken at the first count
// from there on at which the CPU says that it would be, whether the run goes on in
// one or by single steps.
func TestInterruptAtEveryCount(t *testing.T) {
	const vector = 0x60
	for _, nmi := range []bool{false, true} {
		g := newGuest(t, "window")
		pcs := g.trace()
		end := uint64(len(pcs)) - 1
		open := make([]bool, end+1) // at which counts an interrupt is let in
		for k := uint64(0); k <= end; k++ {
			if k > 0 {
				g.runTo(k)
			}
			open[k] = g.InterruptsEnabled()
			if nmi {
				g.NMI()
				open[k] = g.Interruptible()
				s := g.State()
				s.NMIPending = 0 // and away with it
				g.SetState(s)
			}
		}
		name, v := "interrupt", uint64(vector)
		if nmi {
			name, v = "NMI", 2
		}
		taken := 0
		for k := uint64(startCount); k < end; k++ { // before that there is no IDT
			if nmi && pcs[k] < g.symbol("main") {
				continue // it would overwrite the record that a handler is making
			}
			g.events = []event{{k, func(g *guest) {
				if nmi {
					g.NMI()
				} else {
					g.board.raise(vector)
				}
			}}}
			g.rewind()
			if g.runTo(limit) {
				t.Fatalf("%s at icount %d: the guest runs on at pc %#x", name, k, g.PC())
			}
			last, stop := g.hash(), g.ICount()
			want := k
			for want < end && !open[want] {
				want++
			}
			n := 0
			for _, r := range g.records() {
				if r.Vector != v {
					continue
				}
				if n++; r.ICount != want {
					t.Errorf("%s raised at icount %d was taken at %d, %s; want %d", name, k, r.ICount, g.where(r.RIP), want)
				}
			}
			if wanted := want < end; n > 1 || wanted != (n == 1) {
				t.Errorf("%s raised at icount %d was taken %d times; want it to be taken: %v", name, k, n, wanted)
			}
			taken += n
			if k%3 != 0 {
				continue
			}
			g.rewind()
			for i := uint64(1); i <= stop; i++ {
				g.runTo(i)
			}
			if h := g.hash(); h != last || g.ICount() != stop {
				t.Fatalf("%s at icount %d: hash %x at icount %d by single steps, %x at %d in one run", name, k, h, g.ICount(), last, stop)
			}
		}
		if taken < 50 {
			t.Errorf("%s: only %d of %d were taken; interrupts should be on most of the time", name, taken, end)
		}
	}
}

// TestLimitFromBoard moves the limit of the run in progress from a device access,
// as a timer does that is programmed for an earlier or a later time.
func TestLimitFromBoard(t *testing.T) {
	// The OUT at count 12 of the guest ends at 12 exactly; see testdata/ports.S.
	for _, tc := range []struct{ from, set, want uint64 }{
		{100000, 0, 12}, {100000, 12, 12}, {100000, 13, 13}, {100000, 21, 21}, {12, 30, 12}, {14, 16, 16}, {13, 33, 33},
	} {
		g := newGuest(t, "ports")
		g.board.onOut = func(port uint16, _ uint32) {
			if port == 0x80 {
				g.SetLimit(tc.set)
			}
		}
		want := tc.want
		if tc.from == 12 {
			want = 30 // the access is at the limit already and moves it on
		}
		why, err := g.Run(tc.from)
		if err != nil || why != cpu.StopLimit || g.ICount() != want {
			t.Errorf("Run(%d) with SetLimit(%d) at icount 12 = %v, %v at icount %d; want limit at %d", tc.from, tc.set, why, err, g.ICount(), want)
		}
	}
}

// TestTripleFault: a fault in the delivery of a double fault shuts the CPU down,
// Intel SDM vol. 3, 6.15, at the same count however it came there.
func TestTripleFault(t *testing.T) {
	g := newGuest(t, "faults")
	g.setQuad(guestIDT+16*14, 0)
	g.setQuad(guestIDT+16*8, 0)
	g.setQuad(guestIDT+16*11, 0)
	g.setImage()
	why, err := g.Run(limit)
	at := g.ICount()
	if err != nil || why != cpu.StopReset {
		t.Fatalf("Run = %v, %v; want shutdown", why, err)
	}
	if pc := g.where(g.PC()); pc != "load" {
		t.Errorf("shutdown at pc %s; want load", pc)
	}
	g.rewind()
	for k := uint64(1); k <= at; k++ {
		if !g.runTo(k) {
			t.Fatalf("halted at icount %d", g.ICount())
		}
	}
	if why, err := g.Run(at + 1); err != nil || why != cpu.StopReset || g.ICount() != at {
		t.Errorf("after single steps to %d: Run = %v, %v at icount %d; want shutdown at %d", at, why, err, g.ICount(), at)
	}
	g.Reset()
	if s := g.State(); s.RIP != 0xfff0 || g.ICount() != at || g.PC() != 0xfffffff0 {
		t.Errorf("after Reset: RIP %#x, pc %#x, icount %d; want 0xfff0, 0xfffffff0, %d", s.RIP, g.PC(), g.ICount(), at)
	}
}
