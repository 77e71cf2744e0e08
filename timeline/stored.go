// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"slices"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
)

// maxStored bounds what a stores remembers, in pages of all its stretches together: 64 MiB.
// A test makes it smaller.
var maxStored = 8 << 20

// stores is what is known of where the guest stored: for stretches of the past, the pages
// that it may have stored to. What was learned once stays true, as the past does not
// change. Of stretches with writes from outside nothing is known.
type stores struct {
	known   []replay.Stretch // disjoint, earliest first
	pages   int              // of all of them
	dropped bool             // something that was learned is not there any more
}

// learn adds a stretch; of what is known already nothing changes. Past the bound the
// earliest stretches go: most searches begin at the end of the recording.
func (s *stores) learn(k replay.Stretch) {
	s.add(k)
	n := 0
	for ; s.pages > maxStored; n++ {
		s.pages -= pagesOf(&s.known[n])
	}
	s.known, s.dropped = slices.Delete(s.known, 0, n), s.dropped || n > 0
}

// add is learn without a bound.
func (s *stores) add(k replay.Stretch) {
	i, _ := slices.BinarySearchFunc(s.known, k.From, endsAt)
	for ; k.From < k.To; i++ {
		if i < len(s.known) && s.known[i].To == k.From {
			continue
		}
		part := k
		if i < len(s.known) {
			part.To = min(k.To, s.known[i].From)
		}
		if part.From < part.To {
			s.known = slices.Insert(s.known, i, part)
			s.pages += pagesOf(&part)
			i++
		}
		if i == len(s.known) {
			return
		}
		k.From = s.known[i].To
	}
}

// pagesOf returns how many pages a stretch remembers.
func pagesOf(k *replay.Stretch) int { return len(k.Linear) + len(k.Physical) }

// endsAt compares the end of a stretch with a count.
func endsAt(k replay.Stretch, n uint64) int {
	switch {
	case k.To < n:
		return -1
	case k.To > n:
		return 1
	}
	return 0
}

// unstoredSince returns the lowest count, not below from, of which it is known that no
// instruction behind it, up to and with to, stored where stored reports that.
func (s *stores) unstoredSince(from, to uint64, stored func(*replay.Stretch) bool) uint64 {
	i, _ := slices.BinarySearchFunc(s.known, to, endsAt)
	for ; to > from && i >= 0 && i < len(s.known); i-- {
		if k := &s.known[i]; k.From >= to || k.To < to || stored(k) {
			return to
		}
		to = s.known[i].From
	}
	return max(from, to)
}

// coverage returns how many instructions are in the stretches.
func (s *stores) coverage() (n uint64) {
	for _, k := range s.known {
		n += k.To - k.From
	}
	return n
}

// noted is what the engine notes of the stores now.
type noted struct {
	from    uint64 // the count from which on
	known   bool   // all are noted since then
	spoiled bool   // something else wrote to RAM since then
}

// takeNoted returns the stretch since the machine was where the stores are noted from,
// and notes them from here on. ok is false if that is not all that was written in it.
func (d *debug) takeNoted() (s replay.Stretch, ok bool) {
	at := d.m.Moment()
	s.From, s.To = d.noted.from, at.ICount
	ok = d.noted.known && !d.noted.spoiled && s.From < s.To
	s.Linear, s.Physical = d.m.Engine.TakeStores()
	slices.Sort(s.Linear)
	slices.Sort(s.Physical)
	d.noteFrom(at)
	return s, ok
}

// noteFrom says where the stores are noted from. Between the delivery of an interrupt
// and its handler's first instruction, to which its stores belong, some are missing.
func (d *debug) noteFrom(at machine.Moment) { d.noted = noted{from: at.ICount, known: at.Sub == 0} }

// noteStores learns where the guest stored since the machine was put where it set out
// from, and sets out from here.
func (t *Timeline) noteStores() {
	if s, ok := t.takeNoted(); ok {
		t.stores.learn(s)
	}
}

// Learn tells the timeline what is known of where the guest stored.
func (t *Timeline) Learn(s replay.Stretch) { t.stores.learn(s) }

// Learned returns all that is known of where the guest stored, earliest first, and how
// many instructions there are in it. The caller must not change it. all is false if
// more was learned or told than is remembered.
func (t *Timeline) Learned() (known []replay.Stretch, instructions uint64, all bool) {
	t.noteStores()
	return t.stores.known, t.stores.coverage(), !t.stores.dropped
}

// trim returns the earliest moment of history of which it is known that no watchpoint is
// hit from it on and before another, for want of stores to its page.
func (t *Timeline) trim(end machine.Moment) machine.Moment {
	if len(t.breaks) > 0 || slices.ContainsFunc(t.watches, func(w cpu.Watch) bool { return w.Kind != cpu.WatchChange }) {
		return end
	}
	begin, last := t.Begin(), end.ICount
	if end.Sub > 0 {
		last++ // what is written before it counts as the next instruction's
	}
	since := t.stores.unstoredSince(begin.ICount, last, func(k *replay.Stretch) bool {
		return slices.ContainsFunc(t.watches, func(w cpu.Watch) bool { return mayHit(k, w) })
	})
	switch {
	case since == last:
		return end
	case since == begin.ICount:
		return begin
	}
	return machine.Moment{ICount: since}
}

// mayHit reports whether a stretch has a page of a watchpoint.
func mayHit(k *replay.Stretch, w cpu.Watch) bool {
	pages := k.Linear
	if w.Physical {
		pages = k.Physical
	}
	i, _ := slices.BinarySearch(pages, w.Addr/cpu.PageSize)
	return i < len(pages) && pages[i] <= (w.Addr+w.Size-1)/cpu.PageSize
}
