// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

// Snapshot is the state of a whole machine at one moment. It never changes, and
// may be read by many at once.
type Snapshot struct {
	Name string // empty if it was taken for the machine's own use
	// Pinned, which its owner may set, keeps it from being thinned.
	Pinned bool
	State  State
	ram    *table
}

// RAMSize returns the size of the machine's memory in bytes.
func (s *Snapshot) RAMSize() int { return s.ram.pages * PageSize }

// ReadRAM copies memory contents from the snapshot, starting at an offset into
// RAM, and returns how much it copied: less than asked only at the end of RAM, or
// with an error of reading the snapshot's store, *UnreadableError.
func (s *Snapshot) ReadRAM(b []byte, offset uint64) (int, error) {
	size := uint64(s.RAMSize())
	if offset >= size || len(b) == 0 {
		return 0, nil
	}
	b = b[:min(uint64(len(b)), size-offset)]
	first, last := offset/PageSize, (offset+uint64(len(b))-1)/PageSize
	var pages []*page
	for i := first; i <= last; i++ {
		pages = append(pages, s.ram.get(int(i)))
	}
	data, err := fetch(pages)
	if err != nil {
		return 0, &UnreadableError{s.State.At, err}
	}
	n, skip := 0, offset%PageSize
	for _, d := range data {
		n += copy(b[n:], d[skip:])
		skip = 0
	}
	return n, nil
}
