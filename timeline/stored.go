// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"slices"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// maxStored bounds what a stores remembers, in pages of all its stretches together: 64 MiB.
const maxStored = 8 << 20

// stores is what is known of where the guest stored: for stretches of the past, the linear
// pages that it may have stored to, in whatever address space. What was learned once
// stays true, as the past does not change.
type stores struct {
	known []stretch // disjoint, earliest first
	pages int       // of all of them
}

// stretch is the instructions behind one count, up to and with another.
type stretch struct {
	from, to uint64
	pages    []uint64 // by number, ascending
}

// learn adds a stretch; of what is known already nothing changes.
func (s *stores) learn(from, to uint64, pages []uint64) {
	if s.pages+len(pages) > maxStored {
		return
	}
	slices.Sort(pages)
	for i := 0; from < to; i++ {
		if i < len(s.known) && s.known[i].to <= from {
			continue
		}
		gap := to
		if i < len(s.known) {
			gap = min(gap, s.known[i].from)
		}
		if from < gap {
			s.known = slices.Insert(s.known, i, stretch{from, gap, pages})
			s.pages += len(pages)
			i++
		}
		if i == len(s.known) {
			return
		}
		from = s.known[i].to
	}
}

// none reports whether it is known that no instruction behind one count, up to and with
// another, stored to some pages.
func (s *stores) none(from, to, first, last uint64) bool {
	i, _ := slices.BinarySearchFunc(s.known, from, func(k stretch, n uint64) int {
		if k.to <= n {
			return -1
		}
		return 1
	})
	for ; from < to; i++ {
		if i == len(s.known) || s.known[i].from > from {
			return false
		}
		at, _ := slices.BinarySearch(s.known[i].pages, first)
		if at < len(s.known[i].pages) && s.known[i].pages[at] <= last {
			return false
		}
		from = s.known[i].to
	}
	return true
}

// noteStores learns where the guest stored since the machine was put where it set out
// from, and sets out from here.
func (t *Timeline) noteStores() {
	at, pages := t.m.Moment(), t.m.Engine.TakeStores()
	if t.setOut.known && at.ICount > t.setOut.at {
		t.stores.learn(t.setOut.at, at.ICount, pages)
	}
	t.setOutFrom(at)
}

// setOutFrom says where the stores are noted from. Between the delivery of an interrupt
// and its handler's first instruction, to which its stores belong, some are missing.
func (t *Timeline) setOutFrom(at machine.Moment) {
	t.setOut.at, t.setOut.known = at.ICount, at.Sub == 0
}

// unstored reports whether it is known that no watchpoint is hit from one moment on and
// before another, for want of stores to its page.
func (t *Timeline) unstored(from, to machine.Moment) bool {
	if len(t.breaks) > 0 {
		return false
	}
	for _, w := range t.watches {
		first, last := w.Addr/cpu.PageSize, (w.Addr+w.Size-1)/cpu.PageSize
		if w.Kind != cpu.WatchChange || w.Physical || !t.stores.none(from.ICount, to.ICount, first, last) {
			return false
		}
	}
	return true
}
