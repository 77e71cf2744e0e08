// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// watchSpan is how many instructions are stepped through one by one.
const watchSpan = 100_000

// changed is a quadword of RAM and the counts behind the instructions that change it.
type changed struct {
	pa     uint64
	linear uint64 // if not 0, it is mapped there
	counts []uint64
}

// changesOf steps through a span and returns some quadwords that change in it: on the
// stack of whoever runs at its start, whose linear address is known, and anywhere.
func changesOf(t *testing.T, a *answeredRecording, from uint64) []changed {
	t.Helper()
	vm := a.replayed(t)
	vm.Goto(t, from)
	sp := vm.Unicorn.State().Regs[x86.RegRSP] &^ 7
	before := bytes.Clone(vm.RAM.Host)
	vm.Goto(t, from+watchSpan)
	var all []changed
	for at := uint64(0); at < uint64(len(before)); at += 8 {
		if !bytes.Equal(before[at:at+8], vm.RAM.Host[at:at+8]) {
			all = append(all, changed{pa: at})
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d quadwords change in %d instructions, want 100 or more: the test is void", len(all), watchSpan)
	}
	vm = a.replayed(t)
	vm.Goto(t, from)
	var words []changed
	for i := range uint64(2) {
		linear := sp - 8*i
		if pa, ok := vm.Engine.Translate(linear); ok {
			words = append(words, changed{pa: pa, linear: linear})
		}
	}
	for i := range 8 {
		words = append(words, all[i*len(all)/8])
	}
	value := func(w changed) uint64 { return binary.LittleEndian.Uint64(vm.RAM.Host[w.pa:]) }
	var was []uint64
	for _, w := range words {
		was = append(was, value(w))
	}
	for n := from + 1; n <= from+watchSpan; n++ {
		if _, err := vm.Run(n); err != nil {
			t.Fatal(err)
		}
		for i := range words {
			if now := value(words[i]); now != was[i] {
				was[i] = now
				words[i].counts = append(words[i].counts, n)
			}
		}
	}
	return slices.DeleteFunc(words, func(w changed) bool { return len(w.counts) == 0 })
}

// A watchpoint stops, forward behind and backward before, at just the instructions
// that single steps over the span say change the value.
func TestWatch(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	words := changesOf(t, a, a.from)
	tables := 0
	for _, w := range words {
		watch := cpu.Watch{Addr: w.pa, Size: 8, Kind: cpu.WatchChange, Physical: true}
		if w.linear != 0 {
			watch.Addr, watch.Physical = w.linear, false
		}
		// What page walks change is none of an instruction's doing: such words are out.
		seek(t, tl, a.from)
		if err := tl.InsertWatch(watch); err != nil {
			t.Fatal(err)
		}
		var forward []uint64
		for {
			stop, err := tl.StepForward(background, a.from+watchSpan-vm.Moment().ICount)
			if err != nil {
				t.Fatal(err)
			}
			if stop != timeline.StopWatch {
				break
			}
			if hit := tl.LastHit(); hit.ICount != vm.Moment().ICount || hit.Watch != cpu.WatchChange || !hit.Store {
				t.Fatalf("%v: stopped at %v for %+v", watch, vm.Moment(), hit)
			}
			forward = append(forward, vm.Moment().ICount)
		}
		if !slices.Equal(forward, w.counts) {
			if watch.Physical && isSubset(forward, w.counts) && tables < 3 {
				tables++
				tl.RemoveWatch(watch)
				continue
			}
			t.Fatalf("%v from %d: forward hits %v, want %v", watch, a.from, clip(forward), clip(w.counts))
		}
		seek(t, tl, a.from+watchSpan)
		for i, n := range slices.Backward(w.counts) {
			stop, err := tl.ReverseContinue(background)
			want := machine.Moment{ICount: n - 1}
			if err != nil || stop != timeline.StopWatch || vm.Moment() != want || tl.LastHit().ICount != n {
				t.Fatalf("%v: ReverseContinue to change %d = %v, error %v at %v, hit %+v; want a watchpoint at %v",
					watch, i, stop, err, vm.Moment(), tl.LastHit(), want)
			}
			if i < len(w.counts)-30 {
				break
			}
		}
		// A step back over the change tells of it, another does not.
		n := w.counts[len(w.counts)/2]
		seek(t, tl, n)
		if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopWatch || vm.Moment().ICount != n-1 {
			t.Fatalf("%v: StepBack from %d = %v, error %v at %v; want a watchpoint at %d", watch, n, stop, err, vm.Moment(), n-1)
		}
		tl.RemoveWatch(watch)
		if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopArrived {
			t.Fatalf("StepBack without a watchpoint = %v, error %v", stop, err)
		}
	}
	seek(t, tl, a.from)
	a.check(t, vm, a.from, "after all that")
}

// A run that was made once leaves out what has no store to the page. The answer is that
// of a timeline that knows nothing yet.
func TestWatchUnstored(t *testing.T) {
	a := answeredGuest(t)
	knows, vm := a.open(t)
	end := a.tape.End().At
	seek(t, knows, end.ICount)
	const never = 0xffff_9abc_def0_0000 // in the kernel's half, mapped to nothing
	watch := cpu.Watch{Addr: never, Size: 8, Kind: cpu.WatchChange}
	if err := knows.InsertWatch(watch); err != nil {
		t.Fatal(err)
	}
	if stop, err := knows.ReverseContinue(background); err != nil || stop != timeline.StopBegin {
		t.Errorf("back to a store to %#x = %v, error %v; want the begin of history", uint64(never), stop, err)
	}
	if knows.LastStored(end.ICount) > 0 {
		t.Errorf("after a run from the beginning to the end it is not known that nothing stored to %#x", uint64(never))
	}
	knows.RemoveWatch(watch)
	random, skipped := testguest.Random(31), 0
	for i := range 6 {
		n := a.from + random.Uint64N(a.to-a.from)
		seek(t, knows, n)
		watch := cpu.Watch{Addr: vm.Unicorn.State().Regs[x86.RegRSP]&^7 - 8*random.Uint64N(16), Size: 8, Kind: cpu.WatchChange}
		if i%2 == 1 {
			watch.Addr = vm.Engine.PC() &^ 7 // code is hardly stored to where it runs
		}
		ignorant, other := a.open(t)
		for _, tl := range []*timeline.Timeline{knows, ignorant} {
			seek(t, tl, end.ICount)
			if err := tl.InsertWatch(watch); err != nil {
				t.Fatal(err)
			}
		}
		if knows.LastStored(end.ICount) <= end.ICount-200e6 {
			skipped++
		}
		stop, err := knows.ReverseContinue(background)
		if err != nil {
			t.Fatal(err)
		}
		ignorant.ForgetStores()
		if want, err := ignorant.ReverseContinue(background); err != nil || stop != want || vm.Moment() != other.Moment() {
			t.Fatalf("%v: %v at %v; without knowledge %v, error %v at %v", watch, stop, vm.Moment(), want, err, other.Moment())
		}
		knows.RemoveWatch(watch)
	}
	if skipped == 0 {
		t.Errorf("each of 6 watchpoints had something to look for in the last 200 million instructions: the test is void")
	}
}

func isSubset(a, b []uint64) bool {
	return !slices.ContainsFunc(a, func(n uint64) bool { return !slices.Contains(b, n) })
}

// clip keeps a message readable.
func clip(n []uint64) []uint64 { return n[:min(len(n), 20)] }
