// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/replay"
)

func TestStoresKnown(t *testing.T) {
	var s stores
	learn := func(from, to uint64, pages ...uint64) { s.learn(replay.Stretch{From: from, To: to, Linear: pages}) }
	learn(100, 200, 3, 7)
	learn(300, 400, 5)
	learn(150, 350, 9)   // of this only 200 to 300 is new
	learn(100, 400, 1)   // and nothing of this
	learn(50, 60)        // before all
	learn(390, 450, 11)  // behind all
	learn(500, 500, 100) // no instruction
	for _, c := range []struct {
		from, to, first, last uint64
		want                  uint64
	}{
		{100, 200, 3, 3, 200},
		{100, 200, 4, 6, 100},
		{100, 200, 4, 7, 200},
		{100, 200, 8, 8, 100},
		{199, 300, 9, 9, 300},
		{100, 200, 9, 9, 100},
		{300, 400, 9, 9, 300},
		{310, 390, 9, 9, 310},
		{210, 390, 9, 9, 300},
		{100, 400, 1, 1, 100},
		{100, 450, 11, 11, 450},
		{100, 400, 11, 11, 100},
		{100, 450, 5, 5, 400},
		{0, 450, 3, 3, 200},
		{0, 450, 2, 2, 100}, // before that it is not known
		{50, 60, 3, 3, 50},
		{50, 61, 3, 3, 61},   // it is not known
		{60, 100, 3, 3, 100}, // nor this
		{400, 451, 3, 3, 451},
		{450, 451, 3, 3, 451},
		{0, 50, 3, 3, 50},
		{70, 70, 3, 3, 70}, // there is nothing to know
	} {
		w := cpu.Watch{Addr: c.first * cpu.PageSize, Size: (c.last-c.first)*cpu.PageSize + 1}
		got := s.unstoredSince(c.from, c.to, func(k *replay.Stretch) bool { return mayHit(k, w) })
		if got != c.want {
			t.Errorf("unstoredSince(%d, %d) of the pages %d to %d = %d; want %d", c.from, c.to, c.first, c.last, got, c.want)
		}
	}
	if s.pages != 5 {
		t.Errorf("%d pages are remembered in %v; want 5", s.pages, s.known)
	}
	if got := s.coverage(); got != 360 {
		t.Errorf("%d instructions are covered by %v; want 360", got, s.known)
	}
}

// Past the bound the earliest stretches go, whichever order they come in.
func TestStoresBound(t *testing.T) {
	defer func(n int) { maxStored = n }(maxStored)
	maxStored = 6
	stretch := func(i uint64) replay.Stretch {
		return replay.Stretch{From: 10 * i, To: 10*i + 10, Linear: []uint64{i}, Physical: []uint64{i}}
	}
	for _, c := range []struct {
		learned []uint64
		want    []uint64
		dropped bool
	}{
		{[]uint64{1, 2, 3}, []uint64{1, 2, 3}, false},
		{[]uint64{1, 2, 3, 2}, []uint64{1, 2, 3}, false},
		{[]uint64{1, 2, 3, 4, 5}, []uint64{3, 4, 5}, true},
		{[]uint64{5, 4, 3, 2, 1}, []uint64{3, 4, 5}, true},
		{[]uint64{2, 4, 5, 3}, []uint64{3, 4, 5}, true},
	} {
		var s stores
		for _, i := range c.learned {
			s.learn(stretch(i))
		}
		var got []uint64
		for _, k := range s.known {
			got = append(got, k.Linear...)
		}
		if !slices.Equal(got, c.want) || s.pages != 2*len(c.want) || s.dropped != c.dropped {
			t.Errorf("learning %v with room for 3: %v are left with %d pages, dropped %v; want %v with %d, dropped %v",
				c.learned, got, s.pages, s.dropped, c.want, 2*len(c.want), c.dropped)
		}
	}
	// One stretch that fills a gap on both sides of another, and with that the bound.
	var s stores
	s.learn(stretch(2))
	s.learn(replay.Stretch{From: 0, To: 40, Linear: []uint64{7, 8}})
	if len(s.known) != 3 || s.pages != 6 || s.dropped {
		t.Errorf("0 to 40 around 20 to 30: %v, %d pages, dropped %v; want 3 stretches of 2", s.known, s.pages, s.dropped)
	}
}

// Linear and physical pages are told apart.
func TestMayHit(t *testing.T) {
	k := &replay.Stretch{To: 1, Linear: []uint64{2}, Physical: []uint64{4}}
	for _, c := range []struct {
		watch cpu.Watch
		want  bool
	}{
		{cpu.Watch{Addr: 2 * cpu.PageSize, Size: 8}, true},
		{cpu.Watch{Addr: 2 * cpu.PageSize, Size: 8, Physical: true}, false},
		{cpu.Watch{Addr: 4 * cpu.PageSize, Size: 8}, false},
		{cpu.Watch{Addr: 4 * cpu.PageSize, Size: 8, Physical: true}, true},
		{cpu.Watch{Addr: 4*cpu.PageSize - 1, Size: 1, Physical: true}, false},
		{cpu.Watch{Addr: 4*cpu.PageSize - 1, Size: 2, Physical: true}, true},
		{cpu.Watch{Addr: 5 * cpu.PageSize, Size: 1, Physical: true}, false},
	} {
		if got := mayHit(k, c.watch); got != c.want {
			t.Errorf("mayHit(%v, %v) = %v; want %v", *k, c.watch, got, c.want)
		}
	}
}
