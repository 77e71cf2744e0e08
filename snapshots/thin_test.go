// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// As time goes on and the budget stays, what is left lies at distances from the
// present that about double.
func TestThinDoublesIntoThePast(t *testing.T) {
	m := newFakeMemory(1000)
	s := newStore(t, m, false)
	const budget = 20 * (PageSize + chunkBytes)
	for i := range 1000 {
		for k := range 4 {
			m.write(i*PageSize+k, byte(i>>(2*k))|byte(k)|1)
		}
		clear(m.ram[max(i-1, 0)*PageSize:][:PageSize*min(i, 1)])
		m.written[max(i-1, 0)] = m.epoch
		now := uint64(i) * 1000
		s.Take("", at(now, 0))
		s.Thin(budget, machine.Moment{ICount: now})
		if s.Bytes() > budget {
			t.Fatalf("after %d snapshots there are %d bytes; want at most %d", i+1, s.Bytes(), budget)
		}
	}
	var distances []uint64
	for _, snap := range slices.Backward(s.List()) {
		distances = append(distances, (999_000-snap.State.At.ICount)/1000)
	}
	if n := len(distances); n < 8 || distances[0] != 0 || distances[n-1] != 999 {
		t.Fatalf("the snapshots left lie at distances %d; want at least 8, the present and the first among them", distances)
	}
	for i := 2; i < len(distances); i++ {
		if before, d := distances[i-1], distances[i]; d > 3*before+1 {
			t.Errorf("the snapshots left lie at distances %d: want none three times as far as the one before it, as %d is", distances, d)
		}
	}
	if near := slices.IndexFunc(distances, func(d uint64) bool { return d > 100 }); near < len(distances)/2 {
		t.Errorf("of the distances %d fewer than half lie in the last tenth", distances)
	}
}

func TestThinKeeps(t *testing.T) {
	fill := func() (*Store, *fakeMemory) {
		m := newFakeMemory(100)
		s := newStore(t, m, false)
		for i := range 10 {
			m.write(i*PageSize, byte(i)+1)
			name := ""
			if i == 4 {
				name = "named"
			}
			s.Take(name, at(uint64(i)*10, 0)).Pinned = i == 6
		}
		return s, m
	}
	left := func(s *Store) (list []uint64) {
		for _, snap := range s.List() {
			list = append(list, snap.State.At.ICount)
		}
		return list
	}
	s, _ := fill()
	if dropped := s.Thin(s.Bytes(), machine.Moment{ICount: 90}); len(dropped) != 0 {
		t.Errorf("Thin to what there is dropped %d snapshots; want none", len(dropped))
	}
	dropped := s.Thin(0, machine.Moment{ICount: 90})
	if got, want := left(s), []uint64{0, 40, 60}; !slices.Equal(got, want) || len(dropped) != 7 {
		t.Errorf("Thin to nothing leaves %d and drops %d; want %d: the first, the named and the pinned one", got, len(dropped), want)
	}
	// From the middle, what is far on either side goes first; the same each time.
	a, _ := fill()
	b, _ := fill()
	budget := a.Bytes() - 4*chunkBytes
	a.Thin(budget, machine.Moment{ICount: 50})
	b.Thin(budget, machine.Moment{ICount: 50})
	if !slices.Equal(left(a), left(b)) {
		t.Errorf("Thin gives %d once and %d again", left(a), left(b))
	}
	if got, want := left(a), []uint64{0, 30, 40, 50, 60}; !slices.Equal(got, want) {
		t.Errorf("Thin seen from 50 leaves %d; want %d", got, want)
	}
}

func TestLess(t *testing.T) {
	const most = math.MaxUint64
	for _, test := range []struct {
		a, b, c, d uint64
		want       bool
	}{
		{1, 2, 1, 2, false}, {1, 3, 1, 2, true}, {1, 2, 1, 3, false}, {most, most, most - 1, most, false},
		{most - 1, most, most, most, true}, {0, 1, 0, most, false}, {1, most, 2, most, true},
	} {
		if got := less(test.a, test.b, test.c, test.d); got != test.want {
			t.Errorf("%s: %v; want %v", fmt.Sprintf("%d/%d < %d/%d", test.a, test.b, test.c, test.d), got, test.want)
		}
	}
}

// A snapshot whose pages are on disk gives back nothing, and stays.
func TestThinLeavesWhatIsOnDisk(t *testing.T) {
	r := newRig(t, 40)
	d := r.open(t.TempDir(), ReadWrite)
	for range 3 {
		r.incompressible(1, 2, 3)
		r.put(d, r.take("", 0))
	}
	s := newStore(t, newFakeMemory(40), false)
	s.Take("", at(0, 0))
	for _, e := range d.List() {
		snap, err := d.Load(e)
		if err == nil {
			err = s.Add(snap)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mixed := s.List()[2]
	if _, err := s.Restore(mixed); err != nil {
		t.Fatal(err)
	}
	s.mem.(*fakeMemory).write(9*PageSize, 1)
	taken := s.Take("", at(9, 0))
	if got := s.Thin(0, machine.Moment{ICount: 9}); len(got) != 1 || got[0] != taken {
		t.Errorf("Thin to nothing drops %d snapshots; want the one that has a page in memory", len(got))
	}
}
