// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// openTogether opens the recording with as many machines to search with as there are
// processors. progress is told how searches get on.
func (r *recording) openTogether(t *testing.T, progress func(at, to uint64)) (*timeline.Timeline, *testguest.VM) {
	t.Helper()
	o, player := r.options, replay.NewPlayer(r.tape)
	o.Inputs = player
	vm := testguest.New(t, o)
	tl, err := timeline.New(timeline.Config{Machine: vm.Machine, Player: player, Policy: timeline.Policy{Every: 50e6}, Progress: progress,
		Spawn: func() (*timeline.Instance, error) {
			o, player := r.options, replay.NewPlayer(r.tape)
			o.Inputs = player
			return &timeline.Instance{Machine: testguest.New(t, o).Machine, Player: player, Close: func() {}}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tl.Close)
	return tl, vm
}

// A search with all processors finds what a search with one does.
func TestSearchTogether(t *testing.T) {
	// On one processor, nobody would search with more.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.NumCPU())))
	a := answeredGuest(t)
	alone, one := a.open(t)
	told, most, searching, tellings := uint64(0), uint64(0), false, 0
	together, all := a.openTogether(t, func(at, to uint64) {
		if searching && at < to && (at < told || most != 0 && to != most) {
			t.Errorf("progress of %d of %d after %d of %d, want it to go on", at, to, told, most)
		}
		told, most = at, to
		tellings++
	})
	defer together.Close() // before the helpers' machines go, which are the test's
	end := a.tape.End().At.ICount
	for _, tl := range []*timeline.Timeline{alone, together} {
		seek(t, tl, end) // with snapshots on the way
	}
	if n := together.HelpersWanted(); n == 0 {
		t.Fatal("no other machine is wanted: the test is void")
	}
	random := testguest.Random(21)
	far := 0
	for range 12 {
		// An address that is executed long before, and perhaps never again.
		n := a.from - random.Uint64N(a.from/2)
		seek(t, alone, n)
		pc := alone.PC()
		from := end - random.Uint64N(end/4)
		var stops [2]timeline.Stop
		for i, tl := range []*timeline.Timeline{alone, together} {
			tl.InsertBreak(pc)
			seek(t, tl, from)
			told, most, searching = 0, 0, true
			stop, err := tl.ReverseContinue(background)
			searching = false
			if err != nil {
				t.Fatalf("back from %d to %#x: %v", from, pc, err)
			}
			stops[i] = stop
			tl.RemoveBreak(pc)
		}
		if stops[0] != stops[1] || one.Moment() != all.Moment() || one.Hash() != all.Hash() {
			t.Fatalf("back from %d to %#x: together %v at %v, alone %v at %v: %s",
				from, pc, stops[1], all.Moment(), stops[0], one.Moment(), testguest.Diff(all.Machine, one.Machine))
		}
		if from-one.Moment().ICount > 200e6 {
			far++
		}
	}
	if far < 3 {
		t.Errorf("%d of 12 hits are 200 million instructions back, want 3 or more: the test is void", far)
	}
	if tellings < 50 {
		t.Errorf("progress was told %d times, want 50 or more", tellings)
	}
	// Cancelled, it returns to where it began.
	seek(t, together, end)
	together.InsertBreak(0xdead0000)
	ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
	defer cancel()
	stop, err := together.ReverseContinue(ctx)
	if at := all.Moment(); err != nil || stop != timeline.StopInterrupted || at != (machine.Moment{ICount: end}) {
		t.Errorf("a search that is cancelled = %v, error %v at %v; want interrupted at %d", stop, err, at, end)
	}
}
