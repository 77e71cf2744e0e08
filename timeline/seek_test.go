// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

var background = context.Background()

// seek goes to a count and expects to arrive.
func seek(t *testing.T, tl *timeline.Timeline, n uint64) {
	t.Helper()
	if stop, err := tl.Seek(background, n); err != nil || stop != timeline.StopArrived {
		t.Fatalf("Seek(%d) = %v, error %v; want arrived", n, stop, err)
	}
}

func TestSeek(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	random := testguest.Random(8)
	for _, i := range random.Perm(len(a.points))[:15] {
		seek(t, tl, a.points[i])
		a.check(t, vm, a.points[i], "Seek")
	}
}

func TestSeekOutside(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	seek(t, tl, a.points[0])
	var outside *timeline.OutsideError
	past := a.tape.End().At.ICount + 1
	if _, err := tl.Seek(background, past); !errors.As(err, &outside) || outside.Want != past {
		t.Errorf("Seek(%d), behind the end at %v, has error %v; want an OutsideError", past, tl.End(), err)
	}
	a.check(t, vm, a.points[0], "after a refused Seek")
}

func TestStepBackMirrorsStepForward(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	type state struct {
		at   machine.Moment
		pc   uint64
		hash machine.Hash
	}
	now := func() state { return state{vm.Moment(), tl.PC(), vm.Hash()} }
	for _, i := range []int{35, 4, 20} {
		seek(t, tl, a.points[i])
		past := []state{now()}
		for range 60 {
			if stop, err := tl.StepForward(background, 1); err != nil || stop != timeline.StopArrived {
				t.Fatalf("StepForward(1) = %v, error %v at %v; want arrived", stop, err, vm.Moment())
			}
			past = append(past, now())
		}
		for len(past) > 1 {
			past = past[:len(past)-1]
			if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopArrived {
				t.Fatalf("StepBack(1) = %v, error %v at %v; want arrived", stop, err, vm.Moment())
			}
			if got, want := now(), past[len(past)-1]; got != want {
				t.Fatalf("StepBack(1) leads to %+v, want %+v as on the way there", got, want)
			}
		}
		a.check(t, vm, a.points[i], "after 60 steps forward and 60 back")
	}
}

func TestStepBackFar(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	seek(t, tl, a.points[39])
	for _, i := range []int{38, 30, 29, 2} {
		n := vm.Moment().ICount - a.points[i]
		if stop, err := tl.StepBack(background, n); err != nil || stop != timeline.StopArrived {
			t.Fatalf("StepBack(%d) = %v, error %v; want arrived", n, stop, err)
		}
		a.check(t, vm, a.points[i], "StepBack")
	}
	if stop, err := tl.StepBack(background, testguest.Forever); err != nil || stop != timeline.StopBegin {
		t.Errorf("StepBack(%d) = %v, error %v; want the begin of history", uint64(testguest.Forever), stop, err)
	}
	if at := vm.Moment(); at != (machine.Moment{}) {
		t.Errorf("the begin of history is at %v, want icount 0", at)
	}
}

// What lies at the end of history is the same whichever way one comes there.
func TestEndOfHistory(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	want := a.tape.End()
	for _, way := range []struct {
		name string
		to   func() (timeline.Stop, error)
	}{
		{"Continue from the beginning", func() (timeline.Stop, error) { return tl.Continue(background) }},
		{"Continue at the end", func() (timeline.Stop, error) { return tl.Continue(background) }},
		{"StepForward from before the end", func() (timeline.Stop, error) {
			seek(t, tl, want.At.ICount-1000)
			return tl.StepForward(background, 5000)
		}},
	} {
		if stop, err := way.to(); err != nil || stop != timeline.StopEnd {
			t.Errorf("%s: %v, error %v; want the end of history", way.name, stop, err)
		}
		if at := vm.Moment(); at != want.At || vm.End().Kind != machine.EndPowerOff {
			t.Errorf("%s: at %v, %v; want %v, power-off", way.name, at, vm.End(), want.At)
		}
	}
	seek(t, tl, want.At.ICount)
	seek(t, tl, a.points[0])
	a.check(t, vm, a.points[0], "from the end to near the beginning")
}
