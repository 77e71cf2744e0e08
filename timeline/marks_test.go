// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"testing"

	"github.com/vmrr/vmrr/timeline"
)

func TestMark(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	first, second, last := a.points[1], a.points[2], a.points[len(a.points)-1]
	goOn := func(want timeline.Stop, at uint64) {
		t.Helper()
		if stop, err := tl.Continue(background); err != nil || stop != want {
			t.Fatalf("Continue = %v, error %v; want %v", stop, err, want)
		}
		if n := vm.Engine.ICount(); n != at {
			t.Fatalf("Continue stopped at icount %d; want %d", n, at)
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
	a.check(t, vm, first, "at the mark")
	set(second)
	seek(t, tl, last) // a jump passes it
	seek(t, tl, 0)    // and it survives
	goOn(timeline.StopMark, second)
	a.check(t, vm, second, "at the mark again")

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
