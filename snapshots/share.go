// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/internal/framed"
)

// Share adds a snapshot, under some names, to the store of another recording of the
// same machine, in the directory dir: one that begins in this state, so that no event
// is behind it there. Segments of this store of which it needs the greater part are
// not copied but linked, where the file system can do that.
func (d *Disk) Share(s *Snapshot, dir string, id framed.ID, names ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.share(s, dir, id, names)
	if err != nil {
		return fmt.Errorf("sharing the snapshot of %v with %s: %w", s.State.At, dir, err)
	}
	return nil
}

func (d *Disk) share(s *Snapshot, dir string, id framed.ID, names []string) (err error) {
	switch {
	case d.closed:
		return ErrClosed
	case d.err != nil:
		return d.err // there may be pages of which nobody knows where they are
	}
	if err := d.sealPacker(); err != nil { // what is linked must not grow
		return err
	}
	child, err := openDisk(d.fs, dir, id, d.ramSize, ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, child.Close()) }()
	child.mu.Lock()
	defer child.mu.Unlock()
	if err := child.begin(); err != nil {
		return err
	}
	child.preparePacker()
	if err := child.link(d.cat, s); err != nil {
		return err
	}
	origin := *s
	origin.State.Consumed = 0
	for _, name := range names {
		if err := child.put(&origin, name); err != nil {
			return err
		}
	}
	return nil
}

// link makes the greater part of what a snapshot needs of another store part of this
// one, durably. What cannot be linked is left for Put to copy.
func (d *Disk) link(from *catalog, s *Snapshot) error {
	pages := s.ram.onDisk(from.owner)
	needed := make(map[*segment]int64)
	for b, which := range pages {
		needed[b.seg] += b.share(which)
	}
	own := make(map[*segment]*segment)
	for _, s := range from.segments {
		if needed[s]*2 <= s.size() {
			continue
		}
		linked := d.newSegment(d.nextSegment, s.id)
		if d.fs.Link(s.path, linked.path) != nil {
			continue
		}
		d.nextSegment++
		d.cat.segments = append(d.cat.segments, linked)
		own[s] = linked
	}
	d.linked = make(map[*batch]*batch)
	for _, b := range from.batches {
		if s := own[b.seg]; s != nil && pages[b] != 0 {
			here := &batch{owner: d, seg: s, offset: b.offset, length: b.length, count: b.count}
			d.cat.addBatch(here)
			d.packer.learn(here)
			d.linked[b] = here
		}
	}
	return d.syncSegments(d.cat.segments)
}

// onDisk returns which pages of a table a store has, by batch and slot. A batch that
// could not be written is in no segment.
func (t *table) onDisk(d *Disk) map[*batch]uint64 {
	pages := make(map[*batch]uint64)
	for i := range t.pages {
		if p := t.get(i); p != nil {
			if at := p.at.Load(); at != nil && at.batch.owner == d && at.batch.seg != nil {
				pages[at.batch] |= 1 << at.slot
			}
		}
	}
	return pages
}
