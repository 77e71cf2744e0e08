// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import "testing"

func TestStoresKnown(t *testing.T) {
	var s stores
	s.learn(100, 200, []uint64{7, 3})
	s.learn(300, 400, []uint64{5})
	s.learn(150, 350, []uint64{9})   // of this only 200 to 300 is new
	s.learn(100, 400, []uint64{1})   // and nothing of this
	s.learn(50, 60, nil)             // before all
	s.learn(390, 450, []uint64{11})  // behind all
	s.learn(500, 500, []uint64{100}) // no instruction
	for _, c := range []struct {
		from, to, first, last uint64
		want                  bool
	}{
		{100, 200, 3, 3, false},
		{100, 200, 4, 6, true},
		{100, 200, 4, 7, false},
		{100, 200, 8, 8, true},
		{199, 300, 9, 9, false},
		{100, 200, 9, 9, true},
		{300, 400, 9, 9, true},
		{100, 400, 1, 1, true},
		{100, 450, 11, 11, false},
		{100, 400, 11, 11, true},
		{50, 60, 3, 3, true},
		{50, 61, 3, 3, false},  // it is not known
		{60, 100, 3, 3, false}, // nor this
		{400, 451, 3, 3, false},
		{450, 451, 3, 3, false},
		{0, 50, 3, 3, false},
		{70, 70, 3, 3, true}, // there is nothing to know
	} {
		if got := s.none(c.from, c.to, c.first, c.last); got != c.want {
			t.Errorf("none(%d, %d, %d, %d) = %v; want %v", c.from, c.to, c.first, c.last, got, c.want)
		}
	}
	if s.pages != 5 {
		t.Errorf("%d pages are remembered in %v; want 5", s.pages, s.known)
	}
}
