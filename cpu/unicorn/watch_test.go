// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
)

// watched is the WATCHED of testdata/watch.S.
const watched = guestData + 0x1ff8

// changes runs a guest by single steps and returns, for each quadword of RAM that
// changes on the way, the counts behind the changes.
func (g *guest) changes() map[uint64][]uint64 {
	g.rewind()
	end := g.finish()
	g.rewind()
	before := slices.Clone(g.ram)
	changed := map[uint64][]uint64{}
	for k := uint64(1); k <= end; k++ {
		epoch := g.DirtyEpoch()
		g.runTo(k)
		g.DirtySince(epoch, func(page int) {
			for at := uint64(page) * cpu.PageSize; at < uint64(page+1)*cpu.PageSize; at += 8 {
				if now := g.ram[at : at+8]; string(now) != string(before[at:at+8]) {
					copy(before[at:], now)
					changed[at] = append(changed[at], k)
				}
			}
		})
	}
	g.rewind()
	return changed
}

// watchHits runs to the end and returns the counts of the hits on the way.
func (g *guest) watchHits(t *testing.T, want cpu.WatchKind) (counts []uint64) {
	for {
		why, err := g.Run(limit)
		switch {
		case err != nil:
			t.Fatal(err)
		case why == cpu.StopHalt:
			return counts
		case why != cpu.StopWatch:
			t.Fatalf("Run stopped for %v at icount %d, pc %s; want a watchpoint or the end", why, g.ICount(), g.where(g.PC()))
		}
		_, hit := g.Hits()
		if hit.ICount != g.ICount() || hit.Watch != want {
			t.Fatalf("stopped at icount %d for a watchpoint of kind %v; the last hit is %+v", g.ICount(), want, hit)
		}
		counts = append(counts, g.ICount())
	}
}

// TestWatchChanges: a watchpoint for changes is hit at the counts at which single
// steps show a change, in every guest, wherever it is, and leaves no trace.
func TestWatchChanges(t *testing.T) {
	for _, name := range []string{"watch", "selfmod", "interrupts", "softint", "faults", "fpu", "mmio", "mmiocross", "trap", "debug", "smoke", "window"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuest(t, name)
			changed := g.changes()
			g.finish()
			last := g.hash()
			addrs := slices.Sorted(maps.Keys(changed))
			for i, addr := range addrs {
				// Page walks change tables, and are no accesses. Of the rest a sample.
				if addr < guestBase || len(addrs) > 40 && i%(len(addrs)/40) != 0 && addr != watched {
					continue
				}
				w := cpu.Watch{Addr: addr, Size: 8, Kind: cpu.WatchChange, Physical: true}
				g.rewind()
				if err := g.InsertWatch(w); err != nil {
					t.Fatal(err)
				}
				got, want := g.watchHits(t, cpu.WatchChange), changed[addr]
				if !slices.Equal(got, want) {
					t.Errorf("%v: hits at %v, want %v", w, got, want)
				}
				if h := g.hash(); h != last {
					t.Errorf("%v: hash at the end %x, without it %x", w, h, last)
				}
				g.rewind()
				g.SetHitMode(cpu.HitCounted, 0)
				g.finish()
				if n, hit := g.Hits(); n != uint64(len(want)) || hit.ICount != want[len(want)-1] {
					t.Errorf("%v: %d hits counted, the last at icount %d; want %d, %d", w, n, hit.ICount, len(want), want[len(want)-1])
				}
				g.SetHitMode(cpu.HitIgnored, 0)
				g.rewind()
				if g.finish(); g.hash() != last {
					t.Errorf("%v, ignored: hash at the end %x, want %x", w, g.hash(), last)
				}
				g.SetHitMode(cpu.HitStops, 0)
				g.RemoveWatch(w)
			}
		})
	}
}

// TestWatchAccesses: watchpoints for loads and accesses, linear and physical, are hit
// by the instructions that the guest's labels name, each once.
func TestWatchAccesses(t *testing.T) {
	g := newGuest(t, "watch")
	pcs := g.trace()
	for _, kind := range []cpu.WatchKind{cpu.WatchLoad, cpu.WatchAccess} {
		for _, physical := range []bool{false, true} {
			w := cpu.Watch{Addr: watched, Size: 8, Kind: kind, Physical: physical}
			if err := g.InsertWatch(w); err != nil {
				t.Fatal(err)
			}
			prefixes := []string{"load_", "both_"}
			if kind == cpu.WatchAccess {
				prefixes = append(prefixes, "store_")
			}
			if physical {
				for _, p := range slices.Clone(prefixes) {
					prefixes = append(prefixes, "physical_"+p)
				}
			}
			var got, want []string
			for _, k := range g.watchHits(t, kind) {
				if pcs[k-1] >= g.symbol("main") { // IRET of a handler loads its frame
					got = append(got, g.where(pcs[k-1]))
				}
			}
			for _, pc := range pcs[:len(pcs)-1] {
				name := g.program.names[pc]
				if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
					continue
				}
				// Of the iterations of a string instruction one is over it; a fault is none.
				again := len(want) > 0 && want[len(want)-1] == name
				if !again || strings.HasSuffix(name, "_loop") {
					want = append(want, name)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v:\n got %v\nwant %v", w, got, want)
			}
			g.RemoveWatch(w)
			g.rewind()
		}
	}
}

// TestTooManyWatches: more than the engine can have is an error.
func TestTooManyWatches(t *testing.T) {
	g := newGuest(t, "smoke")
	for i := uint64(0); ; i++ {
		err := g.InsertWatch(cpu.Watch{Addr: 8 * i, Size: 8, Kind: cpu.WatchChange})
		if err != nil {
			break
		}
		if i == 1000 {
			t.Fatalf("InsertWatch took %d watchpoints, want an error before", i)
		}
	}
}

// TestHitsCounted: breakpoints that are counted or ignored stop nothing, and cost the
// state nothing, also when they are hit so often that they are taken out meanwhile.
func TestHitsCounted(t *testing.T) {
	g := newGuest(t, "hot")
	pcs := g.trace()
	g.finish()
	last := g.hash()
	often, at := map[uint64]uint64{}, map[uint64]uint64{}
	for k, pc := range pcs[:len(pcs)-1] {
		often[pc]++
		at[pc] = uint64(k)
	}
	sites := slices.SortedFunc(maps.Keys(often), func(a, b uint64) int { return cmp.Or(int(often[b])-int(often[a]), int(a)-int(b)) })
	for i, site := range sites {
		if i > 20 && i%10 != 0 {
			continue
		}
		g.rewind()
		g.InsertBreak(site)
		g.SetHitMode(cpu.HitCounted, 0)
		g.finish()
		n, hit := g.Hits()
		if want := (cpu.Hit{ICount: at[site], Addr: site}); n != often[site] || hit != want {
			t.Errorf("breakpoint at %s: %d hits, the last %+v; want %d, %+v", g.where(site), n, hit, often[site], want)
		}
		g.rewind()
		g.SetHitMode(cpu.HitCounted, (often[site]+1)/2)
		if why, err := g.Run(limit); err != nil || why != cpu.StopBreak || g.PC() != site {
			t.Errorf("breakpoint at %s: Run to its hit %d = %v, %v at %s", g.where(site), (often[site]+1)/2, why, err, g.where(g.PC()))
		}
		g.rewind()
		g.SetHitMode(cpu.HitIgnored, 0)
		if g.finish(); g.hash() != last {
			t.Errorf("breakpoint at %s, ignored: hash at the end %x, want %x", g.where(site), g.hash(), last)
		}
		g.SetHitMode(cpu.HitStops, 0)
		g.rewind()
		if why, err := g.Run(limit); err != nil || why != cpu.StopBreak || g.PC() != site {
			t.Errorf("breakpoint at %s, after it was ignored: Run = %v, %v; want a breakpoint", g.where(site), why, err)
		}
		g.RemoveBreak(site)
		g.rewind()
		if g.finish(); g.hash() != last {
			t.Errorf("breakpoint at %s, removed: hash at the end %x, want %x", g.where(site), g.hash(), last)
		}
	}
}

// TestStores: every page that a guest changes is among those that it may have stored
// to, in whichever slices it runs; one that it leaves alone is not. These guests map
// each page to itself.
func TestStores(t *testing.T) {
	for _, name := range []string{"interrupts", "softint", "faults", "fpu", "trap", "debug", "smoke", "window", "hot"} {
		g := newGuest(t, name)
		end := g.finish()
		for _, slice := range []uint64{end, end/7 + 1, 3} {
			g.rewind()
			g.TakeStores()
			before := slices.Clone(g.ram)
			for at := uint64(0); at < end; {
				at = min(at+slice, end)
				g.runTo(at)
				linear, physical := g.TakeStores()
				for page := uint64(guestBase >> 12); page < guestRAM>>12; page++ {
					now := g.ram[page<<12 : (page+1)<<12]
					if string(now) != string(before[page<<12:(page+1)<<12]) {
						copy(before[page<<12:], now)
						if !slices.Contains(linear, page) || !slices.Contains(physical, page) {
							t.Fatalf("%s, slices of %d: page %#x has changed by icount %d and is not among the linear pages %#x and the physical ones %#x",
								name, slice, page, at, linear, physical)
						}
					}
				}
				if slices.Contains(linear, (guestRAM-1)>>12) || slices.Contains(physical, (guestRAM-1)>>12) {
					t.Fatalf("%s, slices of %d: the last page of RAM is among the pages stored to, which no guest does", name, slice)
				}
			}
		}
	}
}

// TestWatchesOfOneStore: of two watchpoints that a store meets the second is hit too, if
// only what it watches changes, in whatever order they were set.
func TestWatchesOfOneStore(t *testing.T) {
	g := newGuest(t, "watch")
	changed := g.changes()[watched]
	low := cpu.Watch{Addr: watched, Size: 1, Kind: cpu.WatchChange}
	high := cpu.Watch{Addr: watched + 7, Size: 1, Kind: cpu.WatchChange}
	alone := func(w cpu.Watch) []uint64 {
		g.rewind()
		g.InsertWatch(w)
		defer g.RemoveWatch(w)
		return g.watchHits(t, cpu.WatchChange)
	}
	want := slices.Compact(slices.Sorted(slices.Values(append(alone(low), alone(high)...))))
	if len(want) <= max(len(alone(low)), len(alone(high))) || len(want) > len(changed) {
		t.Fatalf("hits of either byte %v, of the whole %v: the test is void", want, changed)
	}
	for _, order := range [][]cpu.Watch{{low, high}, {high, low}} {
		g.rewind()
		for _, w := range order {
			g.InsertWatch(w)
		}
		if got := g.watchHits(t, cpu.WatchChange); !slices.Equal(got, want) {
			t.Errorf("%v: hits at %v, want %v", order, got, want)
		}
		for _, w := range order {
			g.RemoveWatch(w)
		}
	}
}
