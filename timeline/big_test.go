// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
)

// A machine with RAM above 4 GiB, where offsets into RAM are not addresses,
// another CPU and another speed.
func TestTravelInBigMachine(t *testing.T) {
	live := testguest.Live()
	r := record(t, plan{options: testguest.Options{RAM: 3500 << 20, CPU: "max", Shift: 2}, live: live, end: machine.EndOperator,
		run: thenPush(live, 900_000_000, machine.InputEnd)})
	end := r.tape.End().At.ICount
	points := []uint64{end / 2, end * 2 / 3, end * 4 / 5, end - 1000}
	hashes := map[uint64]machine.Hash{}
	straight := r.replayed(t)
	for _, n := range points {
		straight.Goto(t, n)
		hashes[n] = straight.Hash()
	}
	tl, vm := r.open(t)
	for _, i := range []int{2, 0, 3, 1, 3, 0} {
		seek(t, tl, points[i])
		if got := vm.Hash(); got != hashes[points[i]] {
			straight := r.replayed(t)
			straight.Goto(t, points[i])
			t.Fatalf("Seek(%d) leads to hash %x, want %x; it differs from straight replay in:\n%s",
				points[i], got, hashes[points[i]], testguest.Diff(vm.Machine, straight.Machine))
		}
	}
}
