// SPDX-License-Identifier: GPL-2.0-or-later

package pc_test

import (
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// spy notes at which counts the CPU talked to the board.
type spy struct {
	cpu.Board
	machine.Inputs
	count func() uint64
	seen  map[string][]uint64
}

func (s *spy) note(what string) { s.seen[what] = append(s.seen[what], s.count()) }

func (s *spy) PortIn(port uint16, size int) uint32 {
	s.note("port read")
	return s.Board.PortIn(port, size)
}

func (s *spy) PortOut(port uint16, size int, value uint32) {
	s.note("port write")
	s.Board.PortOut(port, size, value)
}

func (s *spy) MMIORead(pa uint64, size int) uint64 {
	s.note("MMIO read")
	return s.Board.MMIORead(pa, size)
}

func (s *spy) MMIOWrite(pa uint64, size int, value uint64) {
	s.note("MMIO write")
	s.Board.MMIOWrite(pa, size, value)
}

func (s *spy) AckInterrupt() uint8 {
	s.note("interrupt")
	return s.Board.AckInterrupt()
}

func (s *spy) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	s.note("halt")
	return s.Inputs.Idle(at, now, deadline)
}

// kinds are what is noted.
var kinds = []string{"port read", "port write", "MMIO read", "MMIO write", "interrupt", "halt", "page fault"}

// boundaries boots once and returns counts at which something happens between two
// instructions: some of each kind.
func boundaries(t *testing.T, each int) map[string][]uint64 {
	s := &spy{Inputs: testguest.Live(), seen: map[string][]uint64{}}
	vm := testguest.New(t, testguest.Options{Inputs: s, Board: func(b cpu.Board) cpu.Board { s.Board = b; return s }})
	s.count = vm.Engine.ICount
	if err := vm.PowerOn(); err != nil {
		t.Fatal(err)
	}
	// The IDT is set by then, and so are user programs running.
	vm.Goto(t, 2_000_000_000)
	for _, hit := range vm.Hits(t, testguest.Forever, vm.Gate(t, 14)) {
		s.seen["page fault"] = append(s.seen["page fault"], hit.At.ICount)
	}
	random := testguest.Random(5)
	for _, what := range kinds {
		at := s.seen[what]
		random.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
		s.seen[what] = at[:min(each, len(at))]
	}
	return s.seen
}

// Stops where the CPU has just talked to a device, is halted or is about to take
// an interrupt or fault are the ones that could show.
func TestBootDoesNotShowStopsAtBoundaries(t *testing.T) {
	seen := boundaries(t, 25)
	var at []uint64
	for _, what := range kinds {
		if len(seen[what]) == 0 {
			t.Errorf("a boot had no %s: the test is void", what)
		}
		at = append(at, seen[what]...)
	}
	r := newTrail(t, testguest.Options{}, func(uint64) []uint64 {
		var all []uint64
		for _, n := range at {
			all = append(all, n-1, n, n+1)
		}
		slices.Sort(all)
		return slices.Compact(all)
	})

	vm := testguest.Boot(t, r.options)
	store := vm.NewStore(t)
	var snaps []*snapshots.Snapshot
	for i, n := range r.points {
		// Step up to it, so that what it is about lies in no longer block.
		for at := max(vm.Moment().ICount, n-min(n, 30)) + 1; at <= n; at++ {
			vm.Goto(t, at)
		}
		r.check(t, vm, i)
		snaps = append(snaps, store.Take())
		vm.Unicorn.FlushTLB()
	}
	r.checkEnd(t, vm)
	// From each to the next one, where it is near.
	for i, snap := range snaps[:len(snaps)-1] {
		if r.points[i+1]-r.points[i] < 1_000_000 {
			store.Restore(t, snap)
			r.check(t, vm, i)
			vm.Goto(t, r.points[i+1])
			r.check(t, vm, i+1)
		}
	}
	r.checkEnd(t, vm)
}
