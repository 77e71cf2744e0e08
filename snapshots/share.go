// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/internal/framed"
)

// Share adds one of the store's snapshots, under a name, to the store of another
// recording of the same machine, in the directory dir. Segments of which it needs
// the greater part are not copied but linked, where the file system can do that.
func (d *Disk) Share(e Entry, dir string, id framed.ID, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.share(e, dir, id, name)
	if err != nil {
		return fmt.Errorf("sharing the snapshot of %v with %s: %w", e.At, dir, err)
	}
	return nil
}

func (d *Disk) share(e Entry, dir string, id framed.ID, name string) (err error) {
	s, err := d.loadEntry(e)
	if err != nil {
		return err
	}
	if d.packer != nil { // what is linked must not grow
		if err := d.sticky(d.packer.seal()); err != nil {
			return err
		}
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
	if err := child.preparePacker(); err != nil {
		return err
	}
	child.link(d.cat, e)
	return child.put(s, name)
}

// link makes the greater part of what a snapshot of another store needs part of this
// one. What cannot be linked is left for Put to copy.
func (d *Disk) link(from *catalog, e Entry) {
	pages := make(map[*batch]uint64)
	for _, n := range from.numbered(e.number).chunks {
		if n > 0 {
			from.mark(from.chunks[n-1], pages)
		}
	}
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
}
