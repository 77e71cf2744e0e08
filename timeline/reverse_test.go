// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// reverse runs back and expects to land on a hit.
func reverse(t *testing.T, tl *timeline.Timeline, want machine.Moment) {
	t.Helper()
	from := tl.Machine().Moment()
	stop, err := tl.ReverseContinue(background)
	if at := tl.Machine().Moment(); err != nil || stop != timeline.StopBreak || at != want {
		t.Fatalf("ReverseContinue from %v = %v, error %v at %v; want breakpoint at %v", from, stop, err, at, want)
	}
}

// lastBefore returns the last hit whose count is below n.
func lastBefore(hits []machine.Moment, n uint64) machine.Moment {
	i := slices.IndexFunc(hits, func(m machine.Moment) bool { return m.ICount >= n })
	if i < 0 {
		i = len(hits)
	}
	return hits[i-1]
}

// A breakpoint in reverse lands where a forward run that counts all hits says:
// on the system call entry, which an instruction leads to, and on the handlers of
// a fault and of an interrupt, which are reached between two instructions.
func TestReverseContinue(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	for name, linear := range map[string]uint64{"system call": a.syscall, "page fault": a.fault, "timer interrupt": a.timer} {
		t.Run(name, func(t *testing.T) {
			hits := a.hitsOf(a.from, a.to, linear)
			if len(hits) < 20 {
				t.Fatalf("%#x is hit %d times from %d to %d, want 20 or more: the test is void", linear, len(hits), a.from, a.to)
			}
			tl.InsertBreak(linear)
			defer tl.RemoveBreak(linear)
			seek(t, tl, a.to)
			// Hit by hit into the past.
			for _, want := range slices.Backward(hits[len(hits)-10:]) {
				reverse(t, tl, want)
				if pc := tl.PC(); pc != linear {
					t.Fatalf("stopped at pc %#x, want %#x", pc, linear)
				}
			}
			// Forward again: what is under the pc is no hit.
			for _, want := range hits[len(hits)-9:] {
				stop, err := tl.Continue(background)
				if at := vm.Moment(); err != nil || stop != timeline.StopBreak || at != want {
					t.Fatalf("Continue = %v, error %v at %v; want breakpoint at %v", stop, err, at, want)
				}
			}
			// From anywhere.
			for _, n := range []uint64{hits[12].ICount + 1, hits[15].ICount, hits[3].ICount - 1, a.to} {
				seek(t, tl, n)
				reverse(t, tl, lastBefore(hits, n))
			}
		})
		seek(t, tl, a.from)
		a.check(t, vm, a.from, "after all that")
	}
}

// While the guest sleeps, the CPU is halted most of the time. The instruction
// behind the halt and the timer's handler are reached at the same count.
func TestReverseContinueOverHalts(t *testing.T) {
	a := answeredGuest(t)
	hits := a.hitsOf(a.sleep, a.sleep+1_000_000, a.idle, a.timer)
	if len(hits) < 12 {
		t.Fatalf("the idle CPU is at %v, want 12 or more: the test is void", hits)
	}
	tl, _ := a.open(t)
	seek(t, tl, a.sleep+1_000_000)
	tl.InsertBreak(a.idle)
	tl.InsertBreak(a.timer)
	for i, want := range slices.Backward(hits) {
		if i+1 == len(hits) || hits[i+1].ICount != want.ICount {
			reverse(t, tl, want) // the last of several at one count
		}
	}
}

// An instruction that faults is hit before the delivery, the handler behind it, at
// the same count. Snapshots taken between the two do not hide the first.
func TestReverseContinueOverDelivery(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	seek(t, tl, a.from)
	handler := a.fault
	tl.InsertBreak(handler)
	var behind, fault machine.Moment
	var faulting uint64
	for faulting>>12 == vm.Unicorn.State().CR2>>12 || fault == behind { // one that could be fetched
		if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak {
			t.Fatalf("Continue = %v, error %v; want a breakpoint at the page fault's handler", stop, err)
		}
		behind = vm.Moment()
		fault = machine.Moment{ICount: behind.ICount}
		if stop, err := tl.StepBack(background, 1); err != nil || vm.Moment() != fault {
			t.Fatalf("StepBack(1) from %v = %v, error %v at %v; want %v", behind, stop, err, vm.Moment(), fault)
		}
		faulting = tl.PC()
		if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || vm.Moment() != behind {
			t.Fatalf("Continue from %v = %v, error %v at %v; want a breakpoint at %v", fault, stop, err, vm.Moment(), behind)
		}
	}
	tl.InsertBreak(faulting)
	for _, save := range []bool{false, true} {
		seek(t, tl, fault.ICount+20)
		reverse(t, tl, behind)
		if save {
			if err := tl.SaveSnapshot("behind"); err != nil {
				t.Fatal(err)
			}
		}
		reverse(t, tl, fault)
		if pc := tl.PC(); pc != faulting {
			t.Errorf("the hit at %v has pc %#x, want %#x", fault, pc, faulting)
		}
		tl.RemoveBreak(handler)
		seek(t, tl, fault.ICount+20)
		reverse(t, tl, fault)
		tl.InsertBreak(handler)
	}
}

func TestReverseContinueWithoutHit(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	for _, breaks := range [][]uint64{nil, {0xdead0000}} {
		for _, b := range breaks {
			tl.InsertBreak(b)
		}
		seek(t, tl, a.points[10])
		stop, err := tl.ReverseContinue(background)
		if at := vm.Moment(); err != nil || stop != timeline.StopBegin || at != (machine.Moment{}) {
			t.Errorf("ReverseContinue with breakpoints %#x = %v, error %v at %v; want the begin of history", breaks, stop, err, at)
		}
		stop, err = tl.ReverseContinue(background)
		if err != nil || stop != timeline.StopBegin {
			t.Errorf("ReverseContinue at the begin = %v, error %v; want the begin of history", stop, err)
		}
	}
}

// The step before a handler's first instruction is where the CPU was interrupted.
func TestStepBackOverDelivery(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	seek(t, tl, a.from)
	for vector, handler := range map[int]uint64{pageFault: a.fault, localTimer: a.timer} {
		tl.InsertBreak(handler)
		if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || tl.PC() != handler {
			t.Fatalf("Continue to the handler of vector %d = %v, error %v at pc %#x; want a breakpoint at %#x", vector, stop, err, tl.PC(), handler)
		}
		at := vm.Moment()
		want := machine.Moment{ICount: at.ICount}
		if at == want {
			t.Errorf("the handler of vector %d is entered at %v, want it behind the canonical state", vector, at)
		}
		stop, err := tl.StepBack(background, 1)
		if err != nil || stop != timeline.StopArrived || vm.Moment() != want || tl.PC() == handler {
			t.Errorf("StepBack(1) from the handler of vector %d at %v = %v, error %v at %v, pc %#x; want arrived at %v with another pc",
				vector, at, stop, err, vm.Moment(), tl.PC(), want)
		}
		if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || vm.Moment() != at {
			t.Errorf("Continue from there = %v, error %v at %v; want a breakpoint at %v again", stop, err, vm.Moment(), at)
		}
		tl.RemoveBreak(handler)
	}
}

// A search that is cancelled leaves the machine where it was, also where that is
// behind the delivery of an interrupt.
func TestCancelReturns(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.openWith(t, timeline.Never, 0) // no search is short
	i := slices.IndexFunc(a.points, func(n uint64) bool { return n > 500_000_000 })
	seek(t, tl, a.points[i])
	tl.InsertBreak(a.timer)
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || vm.Moment().Sub == 0 {
		t.Fatalf("Continue to the timer's handler = %v, error %v at %v; want a breakpoint behind a delivery", stop, err, vm.Moment())
	}
	tl.RemoveBreak(a.timer)
	tl.InsertBreak(0xdead0000)
	for _, place := range []string{"behind a delivery", "between two instructions"} {
		at, pc, hash := vm.Moment(), tl.PC(), vm.Hash()
		for _, search := range []struct {
			name string
			do   func(context.Context) (timeline.Stop, error)
		}{
			{"ReverseContinue", tl.ReverseContinue},
			{"StepBack", func(ctx context.Context) (timeline.Stop, error) { return tl.StepBack(ctx, 450_000_000) }},
			{"Seek", func(ctx context.Context) (timeline.Stop, error) { return tl.Seek(ctx, 30_000_000) }},
		} {
			ctx, cancel := context.WithCancel(background)
			time.AfterFunc(10*time.Millisecond, cancel)
			stop, err := search.do(ctx)
			if err != nil || stop != timeline.StopInterrupted {
				t.Errorf("%s from %s, cancelled: %v, error %v; want interrupted", search.name, place, stop, err)
			}
			if got := vm.Moment(); got != at || tl.PC() != pc || vm.Hash() != hash {
				t.Fatalf("%s from %s, cancelled: at %v, pc %#x, hash %x; want %v, pc %#x, hash %x",
					search.name, place, got, tl.PC(), vm.Hash(), at, pc, hash)
			}
		}
		seek(t, tl, a.points[i+1]) // the next place
	}
	a.check(t, vm, a.points[i+1], "after cancelled searches")
}
