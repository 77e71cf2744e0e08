// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"context"
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Put adds a snapshot; one of the same name is gone then. The pages are written
// before the record that needs them, so that a snapshot which is listed is whole. A
// named one is durable when Put returns. If writing fails, the store has what it had
// before, and takes no more.
func (d *Disk) Put(s *Snapshot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.put(s, s.Name); err != nil {
		return fmt.Errorf("keeping the snapshot of %v in %s: %w", s.State.At, d.dir, err)
	}
	return nil
}

func (d *Disk) put(s *Snapshot, name string) error {
	if s.RAMSize() != d.ramSize {
		return fmt.Errorf("it has %d bytes of RAM, the machine %d", s.RAMSize(), d.ramSize)
	}
	// What cannot be recorded is refused before anything is written.
	if _, err := appendState(nil, name, &s.State); err != nil {
		return err
	}
	if err := d.begin(); err != nil {
		return err
	}
	d.preparePacker()
	replaced := d.cat.named(name) != nil
	if err := d.write(s, name); err != nil {
		return err
	}
	if replaced {
		return d.tidy(context.Background(), nil)
	}
	return nil
}

// sticky remembers an error after which nothing can be written any more.
func (d *Disk) sticky(err error) error {
	if err != nil {
		d.err = err
	}
	return err
}

// preparePacker gets to know which pages the store has. That takes reading all of
// it, once for each process that writes.
func (d *Disk) preparePacker() {
	if d.packer != nil {
		return
	}
	p := newPacker(d, d.cat)
	for _, b := range d.cat.batches {
		p.learn(b)
	}
	d.packer = p
}

// sealPacker writes all pages that the packer has, and ends its segment.
func (d *Disk) sealPacker() error {
	if d.packer == nil {
		return nil
	}
	err := d.packer.flush()
	if err == nil {
		err = d.packer.seal()
	}
	return d.sticky(err)
}

func (d *Disk) write(s *Snapshot, name string) error {
	c, p := d.cat, d.packer
	written := p.written
	r := &record{Entry: Entry{Name: name, At: s.State.At, Warp: s.State.Warp, Consumed: s.State.Consumed, number: c.last + 1}}
	for _, chunk := range s.ram.chunks {
		n := uint64(0)
		if chunk != nil {
			refs, added, err := d.writeChunk(chunk)
			if err != nil {
				return err
			}
			r.Pages += added
			n, _ = c.addChunk(refs)
		}
		r.chunks = append(r.chunks, n)
	}
	if err := d.sticky(p.flush()); err != nil {
		return err
	}
	r.Bytes = p.written - written
	f := &frames{id: d.id, base: d.end}
	f.catalog(c, d.recorded)
	if err := f.snapshot(r, &s.State); err != nil {
		return err
	}
	if name != "" {
		if err := d.sticky(p.sync()); err != nil {
			return err
		}
	}
	if err := d.appendIndex(f); err != nil {
		return err
	}
	d.recorded = c.extent()
	c.insert(r)
	if name == "" {
		return nil
	}
	if err := d.index.Sync(); err != nil {
		return d.sticky(fmt.Errorf("making the index of the snapshots durable: %w", err))
	}
	return nil
}

// writeChunk writes the pages of a chunk that are new and returns the references to
// all of them.
func (d *Disk) writeChunk(c *chunk) (refs string, added int, err error) {
	var list [chunkPages]uint64
	var index []int
	var pages []*page // whose places in this store are not known
	for i, x := range c {
		if x == nil {
			continue
		}
		if list[i] = d.numberOf(x); list[i] == 0 {
			index, pages = append(index, i), append(pages, x)
		}
	}
	contents, err := fetch(pages)
	if err != nil {
		return "", 0, err
	}
	for n, x := range pages {
		at, isNew, err := d.packer.add(contents[n])
		if err != nil {
			return "", 0, d.sticky(err)
		}
		if isNew {
			added++
		}
		list[index[n]] = at.batch.first + uint64(at.slot)
		if x.data != nil {
			x.at.Store(&at)
		}
	}
	return string(appendRefs(nil, list[:])), added, nil
}

// numberOf returns the number that the index has for a page, 0 if that is not known.
func (d *Disk) numberOf(x *page) uint64 {
	at := x.at.Load()
	if at == nil {
		return 0
	}
	b := at.batch
	if here := d.linked[b]; here != nil {
		b = here
	}
	if !b.of(d) {
		return 0
	}
	return b.first + uint64(at.slot)
}

// Thin drops snapshots as Store.Thin does, if the files take more than budget bytes,
// and compacts them.
func (d *Disk) Thin(budget int64, present machine.Moment) (dropped []Entry, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes() <= budget {
		return nil, nil
	}
	if err := d.begin(); err != nil {
		return nil, err
	}
	// A little more goes than must, so that it is not compacted each time.
	for d.liveBytes() > budget/4*3 {
		i := victim(len(d.cat.snaps), present, func(i int) (uint64, bool) {
			return d.cat.snaps[i].At.ICount, d.cat.snaps[i].Name != ""
		})
		if i < 0 {
			break
		}
		e := d.cat.snaps[i].Entry
		if err := d.remove([]Entry{e}); err != nil {
			return dropped, err
		}
		dropped = append(dropped, e)
	}
	return dropped, d.compactIf(context.Background(), 4, nil)
}
