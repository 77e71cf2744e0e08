// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// hotSpan is how many instructions are counted through one by one.
const hotSpan = 400_000

// A breakpoint in a loop is hit far more often than one pass stops at: the last hit
// must be found all the same, and be the one that counting them all gives.
func TestReverseContinueHot(t *testing.T) {
	const wantHits = 1500
	a := answeredGuest(t)
	tl, vm := a.open(t)
	once := timeline.Cutting{Long: 1e9, Sparse: 20_000, Smallest: 1000}
	first := timeline.Cutting{Long: 1000, Sparse: 20_000, Smallest: 1000} // cut at the first hit
	defer timeline.SetCutting(timeline.SetCutting(once))
	found := 0
	for n := a.from; n < a.to-hotSpan && found < 2; n += (a.to - a.from) / 150 {
		seek(t, tl, n)
		hot := tl.PC()
		hits := countHits(t, tl, n, hot)
		if len(hits) < wantHits {
			continue
		}
		found++
		tl.InsertBreak(hot)
		for _, end := range []uint64{n + hotSpan, hits[len(hits)/2].ICount, hits[len(hits)/2].ICount + 1} {
			want := lastBefore(hits, end)
			for _, cutting := range []timeline.Cutting{once, first} {
				timeline.SetCutting(cutting)
				seek(t, tl, end)
				reverse(t, tl, want)
				if pc := vm.Engine.PC(); pc != hot {
					t.Fatalf("cut as %+v, stopped at pc %#x, want %#x", cutting, pc, hot)
				}
			}
		}
		tl.RemoveBreak(hot)
	}
	if found == 0 {
		t.Fatalf("no address is hit %d times in %d instructions: the test is void", wantHits, hotSpan)
	}
}

// countHits returns the hits of a breakpoint in the span from a count on.
func countHits(t *testing.T, tl *timeline.Timeline, from, linear uint64) []machine.Moment {
	t.Helper()
	tl.InsertBreak(linear)
	defer tl.RemoveBreak(linear)
	var hits []machine.Moment
	for {
		left := from + hotSpan - tl.Machine().Moment().ICount
		stop, err := tl.StepForward(background, left)
		if err != nil {
			t.Fatal(err)
		}
		if stop != timeline.StopBreak {
			return hits
		}
		hits = append(hits, tl.Machine().Moment())
	}
}
