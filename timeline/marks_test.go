// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

func TestMark(t *testing.T) {
	r := shortRecording(t)
	const first, second, last = 70_000_001, 120_000_000, 190_000_000
	straight, hashes := r.replayed(t), map[uint64]machine.Hash{}
	for _, n := range []uint64{first, second} {
		straight.Goto(t, n)
		hashes[n] = straight.Hash()
	}
	tl, vm := r.open(t)
	goOn := func(want timeline.Stop, at uint64) {
		t.Helper()
		if stop, err := tl.Continue(background); err != nil || stop != want {
			t.Fatalf("Continue = %v, error %v; want %v", stop, err, want)
		}
		if n := vm.Engine.ICount(); n != at {
			t.Fatalf("Continue stopped at icount %d; want %d", n, at)
		}
		if got := vm.Hash(); want == timeline.StopMark && got != hashes[at] {
			t.Errorf("the state at the mark at icount %d has hash %x; want %x as in straight replay", at, got, hashes[at])
		}
	}
	set := func(n uint64) {
		t.Helper()
		if err := tl.SetMark(n); err != nil {
			t.Fatalf("SetMark(%d): %v", n, err)
		}
	}
	set(first)
	goOn(timeline.StopMark, first)
	set(second)
	seek(t, tl, last) // a jump passes it
	seek(t, tl, 0)    // and it survives
	goOn(timeline.StopMark, second)

	for _, n := range []uint64{0, second} {
		if err := tl.SetMark(n); err == nil {
			t.Errorf("SetMark(%d) at icount %d succeeded; want an error, as it is past", n, second)
		}
	}
	var outside *timeline.OutsideError
	if err := tl.SetMark(tl.End().ICount + 1); !errors.As(err, &outside) {
		t.Errorf("SetMark behind the end: error %v; want an OutsideError", err)
	}
	set(last)
	if err := tl.ClearMark(); err != nil {
		t.Error(err)
	}
	goOn(timeline.StopEnd, tl.End().ICount)
}

// Going back, the machine stops at the mark as it does going forward.
func TestBackToMark(t *testing.T) {
	a := answeredGuest(t)
	hits := a.hitsOf(a.from, a.to, a.syscall)
	if len(hits) < 3 || hits[1].ICount+2 > hits[2].ICount {
		t.Fatalf("the hits are %v, want 3 or more that are apart: the test is void", hits)
	}
	tl, vm := a.open(t)
	mark := hits[1].ICount + 1
	seek(t, tl, a.from)
	if err := tl.SetMark(mark); err != nil {
		t.Fatal(err)
	}
	toMark := func() {
		t.Helper()
		from := vm.Moment()
		stop, err := tl.ReverseContinue(background)
		if at := vm.Moment(); err != nil || stop != timeline.StopMark || at != (machine.Moment{ICount: mark}) {
			t.Fatalf("ReverseContinue from %v = %v, error %v at %v; want the mark at %d", from, stop, err, at, mark)
		}
	}
	seek(t, tl, a.to) // without a breakpoint
	toMark()
	if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopBegin {
		t.Fatalf("ReverseContinue from the mark = %v, error %v; want the beginning", stop, err)
	}
	tl.InsertBreak(a.syscall)
	defer tl.RemoveBreak(a.syscall)
	seek(t, tl, hits[2].ICount+1)
	reverse(t, tl, hits[2])
	toMark()
	reverse(t, tl, hits[1]) // the mark is not met again
}
