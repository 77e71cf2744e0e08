// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"slices"
	"testing"
	"time"

	"github.com/vmrr/vmrr/cpu"
)

// trace runs a guest by single steps and returns the PC at each count.
func (g *guest) trace() []uint64 {
	g.rewind()
	end := g.finish()
	g.rewind()
	pcs := []uint64{g.PC()}
	for k := uint64(1); k <= end; k++ {
		g.runTo(k)
		pcs = append(pcs, g.PC())
	}
	g.rewind()
	return pcs
}

// TestBreakpoints puts a breakpoint on every address that a guest executes, one
// after the other, and goes on over each hit. The hits must be at the counts at
// which single steps show that address, and leave no trace in the state.
func TestBreakpoints(t *testing.T) {
	for _, name := range []string{"selfmod", "interrupts", "softint", "mmio", "trap", "debug"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuest(t, name)
			pcs := g.trace()
			g.finish()
			last := g.hash()
			taken := map[record]bool{} // by count and RIP: interrupts taken instead of the instruction there
			for _, r := range g.records() {
				if r.Vector >= 0x30 && r.Vector < 0x80 {
					taken[record{RIP: r.RIP, ICount: r.ICount}] = true
				}
			}
			sites := slices.Compact(slices.Sorted(slices.Values(pcs)))
			for i, site := range sites {
				// The handlers' code is the same in all of them.
				if site < g.symbol("main") && i%8 != 0 {
					continue
				}
				g.rewind()
				if i%2 == 0 { // into hot code: it has been translated
					g.runTo(uint64(len(pcs)) / 3)
				}
				g.InsertBreak(site)
				from := g.ICount()
				got := g.hits(t)
				var want []uint64
				for k := from; k < uint64(len(pcs)); k++ {
					if pcs[k] == site && int(k) < len(pcs)-1 && !taken[record{RIP: site, ICount: k}] {
						want = append(want, k)
					}
				}
				// An instruction that faults and runs again is met once more, and the
				// first one of a handler behind a fault is met at the fault's count.
				extra := slices.DeleteFunc(slices.Clone(got), func(k uint64) bool { return slices.Contains(want, k) })
				missing := slices.DeleteFunc(slices.Clone(want), func(k uint64) bool { return slices.Contains(got, k) })
				if len(missing) > 0 || len(extra) > 0 && site >= g.symbol("main") {
					t.Errorf("breakpoint at %s from icount %d: hits at %v, want %v", g.where(site), from, got, want)
				}
				if h := g.hash(); h != last {
					t.Errorf("breakpoint at %s: hash at the end %x, without breakpoints %x", g.where(site), h, last)
				}
				g.RemoveBreak(site)
			}
			g.rewind()
			if g.finish(); g.hash() != last {
				t.Errorf("after all were removed: hash %x, want %x", g.hash(), last)
			}
		})
	}
}

// hits runs to the end and returns the counts of the breakpoints on the way.
func (g *guest) hits(t *testing.T) (counts []uint64) {
	for {
		why, err := g.Run(limit)
		switch {
		case err != nil:
			t.Fatal(err)
		case why == cpu.StopHalt:
			return counts
		case why != cpu.StopBreak:
			t.Fatalf("Run stopped for %v at icount %d, pc %s; want a breakpoint or the end", why, g.ICount(), g.where(g.PC()))
		}
		if counts = append(counts, g.ICount()); len(counts) > limit/100 {
			t.Fatalf("a breakpoint at pc %s is hit for ever, last at icount %d", g.where(g.PC()), g.ICount())
		}
		// It is a hit again until it is skipped.
		if why, err := g.Run(limit); err != nil || why != cpu.StopBreak || g.ICount() != counts[len(counts)-1] {
			t.Fatalf("a second Run at a breakpoint = %v, %v at icount %d; want a breakpoint at %d", why, err, g.ICount(), counts[len(counts)-1])
		}
		g.SkipBreak()
	}
}

// TestBreakAtHandler: a breakpoint on the first instruction of a handler is hit
// when the interrupt is delivered, at the count of the delivery.
func TestBreakAtHandler(t *testing.T) {
	g := newGuest(t, "interrupts")
	g.InsertBreak(guestStubs + 16*0x30)
	why, err := g.Run(limit)
	at := g.ICount()
	// OUT is the 7th instruction; two NOPs, STI and the NOP in its shadow.
	if err != nil || why != cpu.StopBreak || at != 11 || !g.Delivered() {
		t.Fatalf("Run = %v, %v at icount %d, delivered %v; want a breakpoint at 11, delivered", why, err, at, g.Delivered())
	}
	// The state at 11 as a limit is the one before the delivery.
	g.rewind()
	if g.runTo(at); g.where(g.PC()) != "after_sti" {
		t.Errorf("at icount %d pc is %s; want after_sti", at, g.where(g.PC()))
	}
	if why, err := g.Run(at + 1); err != nil || why != cpu.StopBreak || g.ICount() != at {
		t.Errorf("Run(%d) = %v, %v at icount %d; want a breakpoint at %d", at+1, why, err, g.ICount(), at)
	}
}

// TestBreakSteps single-steps over a breakpoint: with SkipBreak a step goes on,
// without it stays.
func TestBreakSteps(t *testing.T) {
	g := newGuest(t, "smoke")
	loop := g.symbol("main") + 5 // behind MOV: the loop of 1000
	g.InsertBreak(loop)
	g.InsertBreak(loop) // counted
	g.RemoveBreak(loop)
	for i := range uint64(5) {
		why, err := g.Run(limit)
		if want := startCount + 1 + 3*i; err != nil || why != cpu.StopBreak || g.ICount() != want {
			t.Fatalf("hit %d: %v, %v at icount %d; want a breakpoint at %d", i, why, err, g.ICount(), want)
		}
		at := g.ICount()
		if why, _ := g.Run(at + 1); why != cpu.StopBreak || g.ICount() != at {
			t.Fatalf("a step at a breakpoint: %v at icount %d; want a breakpoint at %d", why, g.ICount(), at)
		}
		g.SkipBreak()
		if why, _ := g.Run(at + 1); why != cpu.StopLimit || g.ICount() != at+1 {
			t.Fatalf("a step with SkipBreak: %v at icount %d; want the limit at %d", why, g.ICount(), at+1)
		}
	}
	// A limit and a breakpoint at the same count: the limit comes first.
	if why, _ := g.Run(startCount + 1 + 15); why != cpu.StopLimit {
		t.Errorf("Run to the count of a breakpoint = %v; want the limit", why)
	}
	g.RemoveBreak(loop)
	if why, _ := g.Run(limit); why != cpu.StopHalt {
		t.Errorf("Run without breakpoints = %v at icount %d; want halt", why, g.ICount())
	}
}

// TestRequestStopWhileCounting stops a loop with a breakpoint that is counted, from another
// thread, and so also between meeting the breakpoint and running the instruction under it:
// the hit counts once, and the library does not wait for ever.
func TestRequestStopWhileCounting(t *testing.T) {
	g := newGuest(t, "forever")
	g.runTo(startCount + 5)
	site := g.PC()
	g.InsertBreak(site)
	g.SetHitMode(cpu.HitCounted, 0)
	from := g.ICount()
	for i := range 2000 {
		go func() {
			time.Sleep(time.Duration(i%50) * time.Microsecond)
			g.RequestStop()
		}()
		if why, err := g.Run(1 << 60); err != nil || why != cpu.StopRequest {
			t.Fatalf("Run of an endless loop = %v, %v at icount %d; want a stop request", why, err, g.ICount())
		}
		// It is met at each second count.
		want := (g.ICount() - from + 1) / 2
		if got, last := g.Hits(); got != want || last.Addr != site {
			t.Fatalf("after %d stops, at icount %d: %d hits, the last at %s; want %d at %s", i+1, g.ICount(), got, g.where(last.Addr), want, g.where(site))
		}
	}
}

// TestRequestStop stops a loop that never ends from another thread.
func TestRequestStop(t *testing.T) {
	g := newGuest(t, "forever")
	for range 20 {
		before := g.ICount()
		go func() {
			time.Sleep(2 * time.Millisecond)
			g.RequestStop()
		}()
		why, err := g.Run(1 << 60)
		if err != nil || why != cpu.StopRequest || g.ICount() <= before {
			t.Fatalf("Run of an endless loop = %v, %v at icount %d, from %d; want a stop request", why, err, g.ICount(), before)
		}
		// The count says how often the loop of two went round.
		if got, want := g.State().Regs[0], (g.ICount()-startCount-1)/2; got+1 < want || got > want+1 {
			t.Fatalf("at icount %d the loop went round %d times; want %d", g.ICount(), got, want)
		}
	}
	// From a callback it takes effect behind the present instruction.
	p := newGuest(t, "ports")
	p.board.onOut = func(uint16, uint32) { p.RequestStop() }
	if why, err := p.Run(limit); err != nil || why != cpu.StopRequest || p.ICount() < 12 {
		t.Errorf("RequestStop in an OUT at icount 12: Run = %v, %v at icount %d; want a stop request", why, err, p.ICount())
	}
}
