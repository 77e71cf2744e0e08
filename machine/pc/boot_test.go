// SPDX-License-Identifier: GPL-2.0-or-later

package pc_test

import (
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
)

// The state at a count must not depend on how the count was reached. The tests of
// this and the next files boot a real kernel in different ways and compare the
// states on the way.

func TestBootDoesNotShowStops(t *testing.T) {
	r := bootTrail(t)
	r.walk(t, testguest.Boot(t, r.options), r.stops(1500, 1), nil)
}

func TestBootDoesNotShowFlushes(t *testing.T) {
	r := bootTrail(t)
	vm := testguest.Boot(t, r.options)
	r.walk(t, vm, r.stops(3000, 2), vm.Unicorn.FlushTLB)
}

// The packed kernel unpacks and moves itself, and modifies its own code.
func TestPackedBootDoesNotShowStops(t *testing.T) {
	r := newTrail(t, testguest.Options{Kernel: testguest.Vmlinuz}, spread(15))
	vm := testguest.Boot(t, r.options)
	n := 0
	r.walk(t, vm, r.stops(1500, 3), func() {
		if n++; n%3 == 0 {
			vm.Unicorn.FlushTLB()
		}
	})
}

func TestBootDoesNotShowSteps(t *testing.T) {
	const steps = 10_000
	r := bootTrail(t)
	vm := testguest.Boot(t, r.options)
	for i := 3; i < len(r.points); i += 5 {
		vm.Goto(t, r.points[i]-steps)
		for n := r.points[i] - steps + 1; n <= r.points[i]; n++ {
			vm.Goto(t, n)
		}
		r.check(t, vm, i)
	}
	r.checkEnd(t, vm)
}

// In a small code cache, the translation of the same code is made again and
// again, at different places.
func TestBootDoesNotShowCodeCache(t *testing.T) {
	r := bootTrail(t)
	o := r.options
	o.CodeCache = 6 << 20
	vm := testguest.Boot(t, o)
	r.walk(t, vm, r.points, nil)
	if s := vm.Unicorn.Stats(); s.CacheFlushes == 0 {
		t.Errorf("a boot in %d bytes of code cache never filled it (%+v): the test is void", o.CodeCache, s)
	}
}

func TestBootDoesNotShowOtherMachines(t *testing.T) {
	r := bootTrail(t)
	for i := range uint64(2) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r.walk(t, testguest.Boot(t, r.options), r.stops(100, 10+i), nil)
		})
	}
}
