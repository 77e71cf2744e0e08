// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/vmrr/vmrr/machine"
)

// Snapshot is the state of a whole machine at one moment. It never changes.
type Snapshot struct {
	Name  string // empty if it was taken for the machine's own use
	State State
	ram   *table
}

// RAMSize returns the size of the machine's memory in bytes.
func (s *Snapshot) RAMSize() int { return s.ram.pages * PageSize }

// ReadRAM copies memory contents from the snapshot, starting at an offset into
// RAM, and returns how much it copied: less than asked only at the end of RAM.
func (s *Snapshot) ReadRAM(b []byte, offset uint64) int {
	n := 0
	for n < len(b) && offset < uint64(s.RAMSize()) {
		k := copy(b[n:], s.ram.bytes(int(offset / PageSize))[offset%PageSize:])
		n += k
		offset += uint64(k)
	}
	return n
}

// Store holds the snapshots of one machine in memory. All methods are called on
// the machine's thread, while it is stopped.
type Store struct {
	mem     Memory
	compare bool // do not trust the dirty pages, look at all of them
	snaps   []*Snapshot
	// ref is what RAM held when epoch began; nil if that is not known.
	ref   *table
	epoch uint32
}

// NewStore returns an empty store for a machine's memory. With compare, dirty
// pages are found by comparing all of RAM: slow, but it needs no dirty tracking.
func NewStore(mem Memory, compare bool) (*Store, error) {
	if n := len(mem.RAM()); n == 0 || n%PageSize != 0 {
		return nil, fmt.Errorf("a RAM of %d bytes cannot be snapshotted: want a multiple of %d", n, PageSize)
	}
	return &Store{mem: mem, compare: compare}, nil
}

// Take adds a snapshot of RAM as it is now and the given state. Only pages that
// were written since the last Take or Restore are copied. A name that is taken
// moves to the new snapshot, and the old one is gone.
func (s *Store) Take(name string, state State) *Snapshot {
	ram := s.mem.RAM()
	base := s.ref
	if base == nil {
		base = newTable(len(ram) / PageSize)
	}
	b := newBuilder(base)
	s.suspects(func(i int) { b.update(i, ram[i*PageSize:][:PageSize]) })
	s.setReference(b.t)
	snap := &Snapshot{Name: name, State: state, ram: b.t}
	s.insert(snap)
	return snap
}

// Restore makes RAM what it was when the snapshot was taken, and returns the
// number of pages that it wrote. Setting the rest of the machine to the
// snapshot's State is the caller's. The snapshot need not be in the store.
func (s *Store) Restore(snap *Snapshot) (int, error) {
	ram := s.mem.RAM()
	if snap.RAMSize() != len(ram) {
		return 0, fmt.Errorf("restoring the snapshot of %v: it has %d bytes of RAM, the machine %d", snap.State.At, snap.RAMSize(), len(ram))
	}
	written, first, count := 0, 0, 0
	flush := func() {
		if count > 0 {
			s.mem.PagesChanged(first, count)
		}
	}
	put := func(i int) {
		now, then := ram[i*PageSize:][:PageSize], snap.ram.bytes(i)
		if bytes.Equal(now, then) {
			return
		}
		copy(now, then)
		written++
		if i != first+count {
			flush()
			first, count = i, 0
		}
		count++
	}
	// The pages are gathered first: PagesChanged may make pages dirty.
	look := make([]uint64, (snap.ram.pages+63)/64)
	mark := func(i int) { look[i/64] |= 1 << (i % 64) }
	s.suspects(mark)
	if s.ref != nil {
		differing(s.ref, snap.ram, mark)
	}
	for n, word := range look {
		for i := n * 64; word != 0; i, word = i+1, word>>1 {
			if word&1 != 0 {
				put(i)
			}
		}
	}
	flush()
	s.setReference(snap.ram)
	return written, nil
}

// Forget drops what the store knows of RAM, so that the next Take or Restore looks
// at all of it. It must be called after RAM was changed behind the dirty tracking.
func (s *Store) Forget() { s.ref = nil }

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
	s.ref = t
	if !s.compare {
		s.epoch = s.mem.DirtyEpoch()
	}
}

// Add adds a snapshot that was read from a file.
func (s *Store) Add(snap *Snapshot) error {
	if n := len(s.mem.RAM()); snap.RAMSize() != n {
		return fmt.Errorf("adding the snapshot of %v: it has %d bytes of RAM, the machine %d", snap.State.At, snap.RAMSize(), n)
	}
	s.insert(snap)
	return nil
}

// insert puts a snapshot behind all that are not later.
func (s *Store) insert(snap *Snapshot) {
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
	for _, snap := range slices.Backward(s.snaps) {
		at := snap.State.At
		if at.Before(m) || at == m && m.Sub == 0 {
			return snap
		}
	}
	return nil
}

// Bytes returns how much memory the snapshots' pages take, shared ones counted once.
func (s *Store) Bytes() int64 {
	chunks, pages := make(map[*chunk]bool), make(map[*page]bool)
	for _, snap := range s.snaps {
		countPages(snap.ram, chunks, pages)
	}
	return int64(len(pages))*PageSize + int64(len(chunks))*chunkPages*8
}
