// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// A machine that found a hit for another one leaves that the snapshots at the hit and on the
// way there, and the states are what they are in a straight run.
func TestSnapshotsOfAnotherMachine(t *testing.T) {
	a := answeredGuest(t)
	helper, _ := a.openWith(t, timeline.Never-1, 0)
	owner, vm := a.openWith(t, timeline.Never-1, 0)
	n := a.points[len(a.points)/2]
	seek(t, owner, n-20e6)
	begin := owner.Snapshot()
	near, err := helper.NearTo(n, begin)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range near {
		if at := s.State.At; at.Sub != 0 || at.ICount > n || at.ICount < n-20e6 {
			t.Errorf("going from %d to %d leaves a snapshot of %v", n-uint64(20e6), n, at)
		}
		for range 2 { // the second is none too many
			if err := owner.Borrow(s); err != nil {
				t.Error(err)
			}
		}
	}
	if at := owner.Nearest(n); at != (machine.Moment{ICount: n}) {
		t.Errorf("the nearest snapshot to the hit at %d is that of %v, want its own", n, at)
	}
	if at := owner.Nearest(n - 1).ICount; at < n-2000 {
		t.Errorf("the nearest snapshot before the hit at %d is that of %d, want one less than 2,000 instructions away", n, at)
	}
	before := vm.Unicorn.Stats().TLBFills
	seek(t, owner, n)
	if fills := vm.Unicorn.Stats().TLBFills - before; fills > 0 {
		t.Errorf("going to the hit took %d page walks, want none: nothing has to run", fills)
	}
	a.check(t, vm, n, "in the snapshot of another machine")
}
