// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
)

// microGuest is a program of testdata that runs to its HLT by itself.
type microGuest struct {
	name  string
	model string                       // "" for qemu64
	setup func(g *guest)               // changes RAM, the start or the events before it runs
	check func(t *testing.T, g *guest) // at the end
	// faultDB: its #DB are those of breakpoints, before the instruction.
	faultDB bool
	// foreign: it does not use the handlers of common.S, or not only.
	foreign bool
}

var microGuests = slices.Concat(countGuests, faultGuests, deviceGuests, interruptGuests, softwareGuests, codeGuests,
	modeGuests, pagingGuests, systemGuests)

// limit is beyond the end of every micro-guest.
const limit = 100000

func (mg *microGuest) open(t testing.TB) *guest {
	model := mg.model
	if model == "" {
		model = "qemu64"
	}
	g := newGuest(t, mg.name, withModel(model), resetRegions)
	if mg.setup != nil {
		mg.setup(g)
		g.setImage()
	}
	return g
}

// finish runs to the end and returns the count there.
func (g *guest) finish() uint64 {
	g.t.Helper()
	if g.runTo(limit) {
		g.t.Fatalf("the guest ran on to icount %d, pc %#x; want it to halt", g.ICount(), g.PC())
	}
	return g.ICount()
}

// TestEveryCount runs each micro-guest to every count by single steps, which
// gives the states that everything else is compared with: single steps with the
// TLB flushed before each; one run from the start to a count, with the
// translations of the runs before and without; and slices of random length with
// the state saved and loaded in between.
func TestEveryCount(t *testing.T) {
	for _, mg := range microGuests {
		t.Run(mg.name, func(t *testing.T) {
			t.Parallel()
			g := mg.open(t)
			end := g.finish()
			last := g.hash()
			if mg.check != nil {
				mg.check(t, g)
			}
			checkEveryCount(t, g, &mg, end, last)
		})
	}
}

func checkEveryCount(t *testing.T, g *guest, mg *microGuest, end, last uint64) {
	random := rand.New(rand.NewPCG(1, uint64(len(mg.name))))
	want, pcs := make([]uint64, end+1), make([]uint64, end+1)
	same := func(how string) {
		t.Helper()
		if k, h := g.ICount(), g.hash(); h != want[k] {
			t.Fatalf("icount %d %s: hash %x at pc %s, want %x at pc %s", k, how, h, g.where(g.PC()), want[k], g.where(pcs[k]))
		}
	}
	g.rewind()
	for k := uint64(0); k <= end; k++ {
		if k > 0 && !g.runTo(k) {
			t.Fatalf("by single steps: the guest halts at icount %d, in one run at %d", g.ICount(), end)
		}
		want[k], pcs[k] = g.hash(), g.PC()
	}
	if want[end] != last {
		t.Fatalf("at the end, icount %d: hash %x by single steps, %x in one run", end, want[end], last)
	}
	if !mg.foreign {
		checkRecordCounts(t, g, pcs, mg.faultDB)
	}
	g.rewind()
	for k := uint64(1); k <= end; k++ {
		g.FlushTLB()
		g.runTo(k)
		same("by single steps with the TLB flushed before each")
	}
	stride := end/300 + 1
	for k := 1 + random.Uint64N(stride); k <= end; k += stride {
		g.rewind()
		if random.IntN(4) == 0 {
			g.Invalidate(0, guestRAM) // nothing translated is left
		}
		g.runTo(k)
		same("in one run")
	}
	for range 6 {
		g.rewind()
		for k := uint64(0); k < end; {
			k = min(end, k+1+random.Uint64N(12))
			g.runTo(k)
			same("in slices with the state saved and loaded")
			saved := g.Save()
			if err := g.Load(saved); err != nil {
				t.Fatal(err)
			}
			if again := g.Save(); !bytes.Equal(again, saved) {
				t.Fatalf("icount %d: the state saved after a load differs from the one that was loaded", k)
			}
		}
	}
}

// checkRecordCounts compares the count of each delivery, as the handler saw it by
// RDTSC, with the single steps: a fault or interrupt is delivered at the count
// where the PC was that of its frame, a trap behind the instruction that
// asked for it.
func checkRecordCounts(t *testing.T, g *guest, pcs []uint64, faultDB bool) {
	for i, r := range g.records() {
		if r.ICount >= uint64(len(pcs)) {
			t.Errorf("record %d, %s: delivered at icount %d; the guest ended at %d", i, g.text(r), r.ICount, len(pcs)-1)
			continue
		}
		want := r.RIP
		if r.isTrap() || r.Vector == 1 && !faultDB {
			want = guestStubs + 16*r.Vector // the instruction and the delivery are one step
		}
		if pc := pcs[r.ICount]; pc != want {
			t.Errorf("record %d, %s: delivered at icount %d, where single steps show pc %s; want %s",
				i, g.text(r), r.ICount, g.where(pc), g.where(want))
		}
	}
}

// TestStopsAtHalt checks what Run says of a CPU that has halted for good.
func TestStopsAtHalt(t *testing.T) {
	g := newGuest(t, "smoke")
	end := g.finish()
	for _, limit := range []uint64{end, end + 1, end + 1000} {
		why, err := g.Run(limit)
		want := cpu.StopHalt
		if limit == end {
			want = cpu.StopLimit
		}
		if err != nil || why != want || g.ICount() != end {
			t.Errorf("Run(%d) of a halted CPU = %v, %v at icount %d; want %v at %d", limit, why, err, g.ICount(), want, end)
		}
	}
}
