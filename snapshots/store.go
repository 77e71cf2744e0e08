// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"fmt"
	"slices"
	"sort"

	"github.com/vmrr/vmrr/machine"
)

// Store holds the snapshots of one machine in memory. All methods are called on
// the machine's thread, while it is stopped.
type Store struct {
	mem     Memory
	compare bool // for tests: do not trust the dirty pages, look at all of them
	pool    *pool
	snaps   []*Snapshot
	// ref is what RAM held when epoch began; nil if that is not known.
	ref   *table
	epoch uint32
}

// NewStore returns an empty store for a machine's memory.
func NewStore(mem Memory) (*Store, error) {
	if n := len(mem.RAM()); n == 0 || n%PageSize != 0 {
		return nil, fmt.Errorf("a RAM of %d bytes cannot be snapshotted: want a multiple of %d", n, PageSize)
	}
	return &Store{mem: mem, pool: newPool()}, nil
}

// Take adds a snapshot of RAM as it is now and the given state. Only pages that
// were written since the last Take or Restore are looked at, and only contents
// that no snapshot in memory has are copied. A name that is taken moves to the
// new snapshot, and the old one is gone.
func (s *Store) Take(name string, state State) *Snapshot {
	ram := s.mem.RAM()
	base := s.ref
	if base == nil {
		base = newTable(len(ram) / PageSize)
	}
	b := newBuilder(base, s.pool)
	s.suspects(func(i int) { b.update(i, asPage(ram, i)) })
	s.setReference(b.t)
	snap := &Snapshot{Name: name, State: state, ram: b.t}
	s.insert(snap)
	return snap
}

// Restore makes RAM what it was when the snapshot was taken, and returns the
// number of pages that it wrote. Setting the rest of the machine to the
// snapshot's State is the caller's. The snapshot need not be in the store. RAM
// is unchanged if the snapshot's own store cannot be read: *UnreadableError.
func (s *Store) Restore(snap *Snapshot) (int, error) {
	ram := s.mem.RAM()
	if snap.RAMSize() != len(ram) {
		return 0, fmt.Errorf("restoring the snapshot of %v: it has %d bytes of RAM, the machine %d", snap.State.At, snap.RAMSize(), len(ram))
	}
	// The pages are gathered first: PagesChanged may make pages dirty.
	look := make([]bool, snap.ram.pages)
	mark := func(i int) { look[i] = true }
	s.suspects(mark)
	if s.ref != nil {
		differing(s.ref, snap.ram, mark)
	}
	var index []int
	var pages []*page
	for i, marked := range look {
		if marked {
			index, pages = append(index, i), append(pages, snap.ram.get(i))
		}
	}
	then, err := fetch(pages)
	if err != nil {
		return 0, &UnreadableError{snap.State.At, err}
	}
	written, first, count := 0, 0, 0
	flush := func() {
		if count > 0 {
			s.mem.PagesChanged(first, count)
		}
	}
	for n, i := range index {
		now := asPage(ram, i)
		if equal(now, then[n]) {
			continue
		}
		*now = *then[n]
		written++
		if i != first+count {
			flush()
			first, count = i, 0
		}
		count++
	}
	flush()
	s.setReference(s.pool.adopt(snap.ram))
	return written, nil
}

// Forget says that RAM was changed behind the back of dirty tracking: the next
// Take or Restore looks at all of it.
func (s *Store) Forget() {
	if s.ref != nil {
		s.pool.release(s.ref)
		s.ref = nil
	}
}

// suspects calls f in ascending order for the pages that may differ from ref.
func (s *Store) suspects(f func(i int)) {
	if s.ref != nil && !s.compare {
		s.mem.DirtySince(s.epoch, f)
		return
	}
	for i := range len(s.mem.RAM()) / PageSize {
		f(i)
	}
}

func (s *Store) setReference(t *table) {
	s.pool.retain(t)
	s.Forget()
	s.ref = t
	if !s.compare {
		s.epoch = s.mem.DirtyEpoch()
	}
}

// Add adds a snapshot that another store took or a Disk loaded.
func (s *Store) Add(snap *Snapshot) error {
	if n := len(s.mem.RAM()); snap.RAMSize() != n {
		return fmt.Errorf("adding the snapshot of %v: it has %d bytes of RAM, the machine %d", snap.State.At, snap.RAMSize(), n)
	}
	if own := s.pool.adopt(snap.ram); own != snap.ram {
		snap = &Snapshot{Name: snap.Name, Pinned: snap.Pinned, State: snap.State, ram: own}
	}
	s.insert(snap)
	return nil
}

// insert puts a snapshot behind all that are not later.
func (s *Store) insert(snap *Snapshot) {
	s.pool.retain(snap.ram)
	if old := s.Named(snap.Name); old != nil {
		s.Delete(old)
	}
	i := len(s.snaps)
	for i > 0 && snap.State.At.Before(s.snaps[i-1].State.At) {
		i--
	}
	s.snaps = slices.Insert(s.snaps, i, snap)
}

// Delete removes a snapshot; it reports false if the store does not have it.
func (s *Store) Delete(snap *Snapshot) bool {
	i := slices.Index(s.snaps, snap)
	if i < 0 {
		return false
	}
	s.pool.release(snap.ram)
	s.snaps = slices.Delete(s.snaps, i, i+1)
	return true
}

// List returns the snapshots, earliest first and in the order in which they were
// added where their moments are the same.
func (s *Store) List() []*Snapshot { return slices.Clone(s.snaps) }

// Named returns the snapshot of that name; nil if there is none or name is empty.
func (s *Store) Named(name string) *Snapshot {
	for _, snap := range s.snaps {
		if name != "" && snap.Name == name {
			return snap
		}
	}
	return nil
}

// Nearest returns the latest snapshot from which a run comes to the moment m: one
// before m, or one of the canonical state {N, 0} at m. It is nil if there is none.
func (s *Store) Nearest(m machine.Moment) *Snapshot {
	behind := sort.Search(len(s.snaps), func(i int) bool {
		at := s.snaps[i].State.At
		return !(at.Before(m) || at == m && m.Sub == 0)
	})
	if behind == 0 {
		return nil
	}
	return s.snaps[behind-1]
}

// Bytes returns how much memory the snapshots' pages take, equal ones counted
// once, with those of the state that RAM was last known to have. It costs nothing.
// Pages that are on disk only do not count.
func (s *Store) Bytes() int64 { return s.pool.bytes }
