// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
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
// it lies, and without deciding on all of them if it lies near. Cancelling ends the
// search though the machine never runs for long.
func TestConditionsHot(t *testing.T) {
	const span, often = 30e6, 60_000 // a pass decides on 1,000 in each of 8 pieces at most
	a := answeredGuest(t)
	tl, vm := a.openWith(t, timeline.Never, 0) // who runs forward leaves no snapshots
	var hot, begin, end uint64
	var hits []machine.Moment
	for n := a.from; n < a.to && len(hits) < often; n += (a.to - a.from) / 150 {
		seek(t, tl, n)
		hot = tl.PC()
		if len(countHits(t, tl, n, hot)) < 500 {
			continue
		}
		begin, end = n, n+span
		seek(t, tl, begin)
		tl.InsertBreak(hot)
		hits, _ = met(t, tl, end, func() bool { return true })
		tl.RemoveBreak(hot)
	}
	if len(hits) < often {
		t.Fatalf("no address is hit %d times in %d instructions: the test is void", often, int(span))
	}
	tl.InsertBreak(hot)
	var asked int
	var holds func() bool
	tl.SetCondition(hot, func() bool {
		asked++
		return holds()
	})
	never := func() bool { return false }
	goEnd := func() {
		seek(t, tl, begin)
		holds = never
		if at, _ := met(t, tl, end, holds); at != nil {
			t.Fatalf("a condition that is false stops at %v", at)
		}
		asked = 0
	}
	for _, c := range []struct{ hit, most int }{
		{10, 2*len(hits) + 1000},
		{len(hits) / 2, 2*len(hits) + 1000},
		{len(hits) - 2, 8_000 + len(hits)/4}, // and then on those in the last piece
	} {
		goEnd()
		holds = func() bool { return vm.Moment() == hits[c.hit] }
		reverse(t, tl, hits[c.hit])
		if asked > c.most {
			t.Errorf("going back to hit %d of %d the condition was asked %d times, want at most %d", c.hit, len(hits), asked, c.most)
		}
	}

	goEnd()
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	holds = func() bool {
		if asked == 100 {
			cancel()
		}
		return false
	}
	home := vm.Moment()
	if stop, err := tl.ReverseContinue(ctx); err != nil || stop != timeline.StopInterrupted || vm.Moment() != home {
		t.Errorf("ReverseContinue, cancelled = %v, error %v at %v; want interrupted at %v", stop, err, vm.Moment(), home)
	}
	if asked > 101 {
		t.Errorf("cancelled when it was asked the 100th time, the condition was asked %d times", asked)
	}
}

// Watchpoints are met as ever while a breakpoint has a condition, also by the last
// instruction before the end of the search.
func TestConditionsAndWatch(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	// The recording is another one each time: what runs there may leave the top of its stack alone.
	var w changed
	begin := a.from
	for ; ; begin += 1_000_003 {
		if begin > a.from+20e6 {
			t.Fatal("nothing on the stack changes twice: the test is void")
		}
		words := changesOf(t, a, begin)
		if i := slices.IndexFunc(words, func(w changed) bool { return w.linear != 0 && len(w.counts) > 2 }); i >= 0 {
			w = words[i]
			break
		}
	}
	// On an instruction between the last change and where the way back begins.
	seek(t, tl, (w.counts[len(w.counts)-1]+begin+watchSpan)/2)
	asked, passed := 0, tl.PC()
	tl.InsertBreak(passed)
	tl.SetCondition(passed, func() bool {
		asked++
		return false
	})
	if err := tl.InsertWatch(cpu.Watch{Addr: w.linear, Size: 8, Kind: cpu.WatchChange}); err != nil {
		t.Fatal(err)
	}
	last := w.counts[max(0, len(w.counts)-10):]
	for _, from := range []uint64{begin + watchSpan, last[len(last)-1]} {
		seek(t, tl, from)
		for _, n := range slices.Backward(last) {
			stop, err := tl.ReverseContinue(background)
			want := machine.Moment{ICount: n - 1}
			if err != nil || stop != timeline.StopWatch || vm.Moment() != want || tl.LastHit().ICount != n {
				t.Fatalf("ReverseContinue = %v, error %v at %v, hit %+v; want a watchpoint at %v", stop, err, vm.Moment(), tl.LastHit(), want)
			}
		}
	}
	if asked == 0 {
		t.Error("the condition was never asked: the test is void")
	}
	// Going back, a breakpoint right behind a change is met before it.
	behind := machine.Moment{ICount: last[len(last)-1]}
	seek(t, tl, behind.ICount)
	next := tl.PC()
	tl.InsertBreak(next)
	tl.SetCondition(next, func() bool { return vm.Moment() == behind })
	seek(t, tl, begin+watchSpan)
	reverse(t, tl, behind)
	if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopWatch || vm.Moment().ICount != behind.ICount-1 {
		t.Errorf("back from a breakpoint right behind a change: %v, error %v at %v; want the watchpoint, one instruction before", stop, err, vm.Moment())
	}
}
