// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// met returns the moments of the breakpoints between here and a count, and beside each
// whether a condition holds there.
func met(t *testing.T, tl *timeline.Timeline, to uint64, condition func() bool) (at []machine.Moment, holds []bool) {
	t.Helper()
	for {
		stop, err := tl.StepForward(background, to-tl.Machine().Moment().ICount)
		if err != nil {
			t.Fatal(err)
		}
		if stop != timeline.StopBreak {
			return at, holds
		}
		at, holds = append(at, tl.Machine().Moment()), append(holds, condition())
	}
}

// A breakpoint with a condition stops, forward and backward, at those of its hits at
// which the condition was seen to hold when all hits were looked at. The conditions look
// at registers and at memory, before an instruction and at handlers' first ones.
func TestConditions(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	word := func(linear uint64) uint64 {
		var b [8]byte
		if _, err := tl.ReadMemory(linear, b[:]); err != nil {
			t.Errorf("a condition at %v: %v", vm.Moment(), err)
		}
		return binary.LittleEndian.Uint64(b[:])
	}
	errorCode := func() uint64 { return word(vm.Unicorn.State().Regs[4]) } // on top of the stack
	for _, c := range []struct {
		name   string
		linear uint64
		holds  func() bool
		other  uint64 // another breakpoint, without a condition; 0: none
	}{
		{"system call", a.syscall, func() bool { return vm.Unicorn.State().Regs[0]%3 == 0 }, 0},
		{"page fault", a.fault, func() bool { return errorCode()&2 != 0 }, 0},
		{"page fault and every timer interrupt", a.fault, func() bool { return errorCode()&2 == 0 }, a.timer},
		{"timer interrupt", a.timer, func() bool { return word(vm.Unicorn.State().Regs[4])%4 == 0 }, 0},
		{"never", a.syscall, func() bool { return false }, a.timer},
	} {
		t.Run(c.name, func(t *testing.T) {
			tl.InsertBreak(c.linear)
			defer tl.RemoveBreak(c.linear)
			condition := func() bool { return tl.PC() != c.linear || c.holds() }
			if c.other != 0 {
				tl.InsertBreak(c.other)
				defer tl.RemoveBreak(c.other)
			}
			seek(t, tl, a.from)
			at, holds := met(t, tl, a.to, condition)
			var want []machine.Moment
			for i := range at {
				if holds[i] {
					want = append(want, at[i])
				}
			}
			if len(want) < 5 || len(want) == len(at) {
				t.Fatalf("the condition holds at %d of %d hits: the test is void", len(want), len(at))
			}
			tl.SetCondition(c.linear, c.holds)
			seek(t, tl, a.from)
			if got, _ := met(t, tl, a.to, condition); !slices.Equal(got, want) {
				t.Fatalf("forward it stops at %v, want %v", got, want)
			}
			for _, w := range slices.Backward(want[max(0, len(want)-10):]) {
				reverse(t, tl, w)
			}
			seek(t, tl, want[4].ICount)
			reverse(t, tl, lastBefore(want, want[4].ICount))
			tl.SetCondition(c.linear, nil)
			seek(t, tl, a.to)
			reverse(t, tl, lastBefore(at, a.to))
		})
	}
	seek(t, tl, a.from)
	a.check(t, vm, a.from, "after all that")
}

// Of a breakpoint in a loop the last hit at which the condition holds is found wherever
// it lies, and without deciding on all of them if it lies near.
func TestConditionsHot(t *testing.T) {
	const interval, often = 50e6, 25_000 // a pass decides on 20,000
	a := answeredGuest(t)
	tl, vm := a.openWith(t, interval, 0)
	for n := a.from; n < a.to; n += (a.to - a.from) / 150 {
		seek(t, tl, n)
		hot := tl.PC()
		if len(countHits(t, tl, n, hot)) < 500 {
			continue
		}
		tl.InsertBreak(hot)
		begin, end := n/interval*interval, n+hotSpan
		seek(t, tl, begin)
		hits, _ := met(t, tl, end, func() bool { return true })
		if len(hits) < often || end/interval*interval != begin {
			tl.RemoveBreak(hot)
			continue
		}
		var asked int
		var want machine.Moment
		tl.SetCondition(hot, func() bool {
			asked++
			return vm.Moment() == want
		})
		for _, c := range []struct{ hit, most int }{
			{10, 2*len(hits) + 10},
			{len(hits) / 2, 2*len(hits) + 10},
			{len(hits) - 2, often},
		} {
			seek(t, tl, end)
			asked, want = 0, hits[c.hit]
			reverse(t, tl, want)
			if asked > c.most {
				t.Errorf("going back to hit %d of %d the condition was asked %d times, want at most %d", c.hit, len(hits), asked, c.most)
			}
		}
		return
	}
	t.Fatalf("no address is hit %d times between two snapshots: the test is void", often)
}

// Cancelling ends a search that only meets conditions that are false.
func TestConditionsCancelled(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.openWith(t, timeline.Never, 0)
	seek(t, tl, a.from+hotSpan)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	tl.InsertBreak(a.syscall)
	asked := 0
	tl.SetCondition(a.syscall, func() bool {
		if asked++; asked == 100 {
			cancel()
		}
		return false
	})
	home := vm.Moment()
	if stop, err := tl.ReverseContinue(ctx); err != nil || stop != timeline.StopInterrupted || vm.Moment() != home {
		t.Errorf("ReverseContinue, cancelled = %v, error %v at %v; want interrupted at %v", stop, err, vm.Moment(), home)
	}
	if asked > 200 {
		t.Errorf("cancelled when it was asked the 100th time, the condition was asked %d times", asked)
	}
}
