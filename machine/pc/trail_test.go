// SPDX-License-Identifier: GPL-2.0-or-later

package pc_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
)

// trail is what one undisturbed boot looked like: the hash of its state at some
// counts, and how it ended. Every other way to the same counts must show the same.
type trail struct {
	options testguest.Options
	points  []uint64 // ascending
	hashes  []machine.Hash
	end     machine.Moment
	final   machine.Hash
}

// bootPoints is how many places of a boot are compared.
const bootPoints = 50

// newTrail boots once without any stop, and once more with stops at the points
// only, which pick chooses from the length of the run.
func newTrail(t *testing.T, o testguest.Options, pick func(end uint64) []uint64) *trail {
	t.Helper()
	vm := testguest.Boot(t, o)
	r := &trail{options: o}
	r.end = vm.Finish(t)
	r.final = vm.Hash()
	r.points = pick(r.end.ICount)
	vm = testguest.Boot(t, o)
	for _, n := range r.points {
		vm.Goto(t, n)
		r.hashes = append(r.hashes, vm.Hash())
	}
	r.checkEnd(t, vm)
	return r
}

// spread picks odd counts, one at random from each of n equal parts of the run.
func spread(n uint64) func(end uint64) []uint64 {
	return func(end uint64) []uint64 {
		random := testguest.Random(0)
		var points []uint64
		for i := range n {
			points = append(points, (i*(end/n)+random.Uint64N(end/n))|1)
		}
		return points
	}
}

var vmlinuxTrail struct {
	sync.Mutex
	*trail
}

// bootTrail is the trail of the direct boot, made once for all tests.
func bootTrail(t *testing.T) *trail {
	t.Helper()
	vmlinuxTrail.Lock()
	defer vmlinuxTrail.Unlock()
	if vmlinuxTrail.trail == nil {
		vmlinuxTrail.trail = newTrail(t, testguest.Options{}, spread(bootPoints))
	}
	return vmlinuxTrail.trail
}

// check fails the test unless the machine, which stands at point i, looks as it
// did in the undisturbed run. It says what differs.
func (r *trail) check(t *testing.T, vm *testguest.VM, i int) {
	t.Helper()
	got := vm.Hash()
	if at := vm.Moment(); at.ICount != r.points[i] {
		t.Fatalf("the machine is at %v, want icount %d", at, r.points[i])
	}
	if got == r.hashes[i] {
		return
	}
	good := uint64(0)
	if i > 0 {
		good = r.points[i-1]
	}
	straight := testguest.Boot(t, r.options)
	straight.Goto(t, r.points[i])
	t.Fatalf("at icount %d (point %d, the one before is %d) the state has hash %x, want %x; it differs from an undisturbed run in:\n%s",
		r.points[i], i, good, got, r.hashes[i], testguest.Diff(vm.Machine, straight.Machine))
}

// checkEnd runs the machine to its end and compares that.
func (r *trail) checkEnd(t *testing.T, vm *testguest.VM) {
	t.Helper()
	end, got := vm.Finish(t), vm.Hash()
	if end == r.end && got == r.final {
		return
	}
	straight := testguest.Boot(t, r.options)
	straight.Finish(t)
	t.Fatalf("the run ended at %v with hash %x, want %v with %x; it differs from an undisturbed run in:\n%s",
		end, got, r.end, r.final, testguest.Diff(vm.Machine, straight.Machine))
}

// stops returns the points and n other counts at random, ascending.
func (r *trail) stops(n int, seed uint64) []uint64 {
	random := testguest.Random(seed)
	all := slices.Clone(r.points)
	for range n {
		all = append(all, random.Uint64N(r.end.ICount))
	}
	slices.Sort(all)
	return all
}

// walk goes through the stops and checks those that are points.
func (r *trail) walk(t *testing.T, vm *testguest.VM, stops []uint64, atStop func()) {
	t.Helper()
	for _, n := range stops {
		vm.Goto(t, n)
		if i, ok := slices.BinarySearch(r.points, n); ok {
			r.check(t, vm, i)
		}
		if atStop != nil {
			atStop()
		}
	}
	r.checkEnd(t, vm)
}
