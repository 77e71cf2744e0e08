// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
)

// answeredRecording is a recording with inputs of all kinds, and what straight
// replay of it looks like at some counts.
type answeredRecording struct {
	*recording
	points []uint64 // ascending
	hashes map[uint64]machine.Hash
	// from and to bound a stretch in which the guest forks: full of system
	// calls, page faults and interrupts. At sleep it does nothing for a second.
	// All three are points.
	from, to, sleep uint64
	// Addresses in the kernel, and when they are hit from 1e9 instructions on.
	syscall, fault, timer, idle uint64
	hits                        []testguest.Hit
}

// hitsOf returns the moments between two counts at which addresses are hit.
func (a *answeredRecording) hitsOf(from, to uint64, breaks ...uint64) (at []machine.Moment) {
	for _, h := range a.hits {
		if h.At.ICount >= from && h.At.ICount < to && slices.Contains(breaks, h.PC) {
			at = append(at, h.At)
		}
	}
	return at
}

var answered struct {
	sync.Mutex
	*answeredRecording
}

// answeredGuest makes the recording, once for all tests.
func answeredGuest(t *testing.T) *answeredRecording {
	t.Helper()
	answered.Lock()
	defer answered.Unlock()
	if answered.answeredRecording != nil {
		return answered.answeredRecording
	}
	a := &answeredRecording{recording: record(t, plan{options: testguest.Options{Words: "ask"}, drive: typist}), hashes: map[uint64]machine.Hash{}}
	a.from = a.printed["WORK-FORK"] + 20e6
	a.to = a.from + 100e6
	a.sleep = a.printed["WORK-SLEEP"] + 700e3
	a.points = []uint64{a.from, a.to, a.sleep}
	// Where inputs came in, and right after.
	for _, e := range a.events() {
		if e.At.ICount > 0 {
			a.points = append(a.points, e.At.ICount, e.At.ICount+1)
		}
	}
	random := testguest.Random(7)
	for range 40 {
		a.points = append(a.points, 1+random.Uint64N(a.tape.End().At.ICount-1))
	}
	slices.Sort(a.points)
	a.points = slices.Compact(slices.DeleteFunc(a.points, func(n uint64) bool {
		return n > a.sleep && n < a.sleep+200e3 // where Idle steps to, below
	}))
	vm := a.replayed(t)
	for _, n := range a.points {
		vm.Goto(t, n)
		a.hashes[n] = vm.Hash()
		if n == a.sleep {
			a.syscall, a.fault, a.timer = vm.Unicorn.State().LSTAR, vm.Gate(t, pageFault), vm.Gate(t, localTimer)
			a.idle = vm.Idle(t)
		}
	}
	vm = a.replayed(t)
	vm.Goto(t, 1_000_000_000) // the early kernel has other mappings
	a.hits = vm.Hits(t, a.tape.End().At.ICount, a.syscall, a.fault, a.timer, a.idle)
	answered.answeredRecording = a
	return a
}

// check compares the machine, which must be in the canonical state at a point,
// with the straight replay.
func (a *answeredRecording) check(t *testing.T, vm *testguest.VM, n uint64, how string) {
	t.Helper()
	if at, want := vm.Moment(), (machine.Moment{ICount: n}); at != want {
		t.Fatalf("%s: the machine is at %v, want %v", how, at, want)
	}
	want, ok := a.hashes[n]
	if got := vm.Hash(); ok && got == want {
		return
	}
	straight := a.replayed(t)
	straight.Goto(t, n)
	if diff := testguest.Diff(vm.Machine, straight.Machine); diff != "" {
		t.Fatalf("%s: at icount %d the state differs from straight replay in:\n%s\nThe inputs are:\n%s", how, n, diff, a.explain())
	}
}
