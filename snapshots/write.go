// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/vmrr/vmrr/machine"
)

// Begin makes ready for changes, as the first one does by itself, and says what would
// keep all of them from being made: another process that writes, or a directory that
// cannot be written to.
func (d *Disk) Begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(); err != nil {
		return fmt.Errorf("writing snapshots to %s: %w", d.dir, err)
	}
	return nil
}

// begin makes ready for a change. From the first one on, other processes' changes
// are kept away.
func (d *Disk) begin() error {
	switch {
	case d.closed:
		return ErrClosed
	case d.err != nil:
		return d.err
	case d.mode == ReadOnly:
		return ErrReadOnly
	case d.lock != nil:
		return nil
	}
	if err := d.fs.MkdirAll(d.dir); err != nil {
		return err
	}
	lock, err := d.fs.Lock(d.dir)
	if err != nil {
		return err
	}
	if err := d.takeOver(); err != nil {
		lock.Close()
		return err
	}
	d.lock = lock
	return nil
}

// takeOver makes the store good to be written to: what other processes did
// meanwhile is read, what they left unfinished is removed, a cut tail is cut off.
func (d *Disk) takeOver() error {
	if err := d.load(); err != nil {
		return err
	}
	var damaged *ErrDamaged
	if errors.As(d.incomplete, &damaged) {
		return damaged // what it loses may still be wanted
	}
	if d.end == 0 {
		return d.start()
	}
	if err := d.removeLeftovers(); err != nil {
		return err
	}
	if err := d.syncSegments(d.cat.segments); err != nil {
		return err
	}
	f, err := d.fs.Update(d.indexPath(d.generation))
	if err != nil {
		return err
	}
	if err := f.Truncate(d.end); err != nil {
		f.Close()
		return err
	}
	d.install(d.cat, d.generation, f, d.end, d.nextSegment)
	return nil
}

// start begins the first index, or the next where not even the first record of the
// last one is there.
func (d *Disk) start() error {
	if err := d.removeLeftovers(); err != nil {
		return err
	}
	if err := d.fs.SyncDir(filepath.Dir(d.dir)); err != nil { // the directory may be new
		return err
	}
	cat := d.newCatalog()
	if err := d.writeIndex(d.newIndex(cat).b, cat); err != nil {
		return err
	}
	return d.removeLeftovers()
}

// syncSegments makes segments durable: a named snapshot may use pages of a writer that
// was killed before it synced them. One that cannot be opened is left alone: its pages
// are not used.
func (d *Disk) syncSegments(list []*segment) error {
	if len(list) == 0 {
		return nil
	}
	for _, s := range list {
		f, err := s.open()
		if err != nil {
			continue
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("making pages of a snapshot durable: %w", err)
		}
	}
	return d.fs.SyncDir(d.dir)
}

// removeLeftovers removes the files that the index does not name: those of a writer
// that was killed, and those that Compact has replaced.
func (d *Disk) removeLeftovers() error {
	names, err := d.fs.ReadDir(d.dir)
	if err != nil {
		return err
	}
	ours := map[string]bool{indexName(d.generation): true}
	for _, s := range d.cat.segments {
		ours[segmentName(s.number)] = true
	}
	for _, name := range names {
		if isStoreFile(name) && !ours[name] {
			if err := d.fs.Remove(filepath.Join(d.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

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
	if err := d.preparePacker(); err != nil {
		return err
	}
	replaced := d.cat.named(name) != nil
	if err := d.write(s, name); err != nil {
		return err
	}
	if replaced {
		d.tidy()
	}
	return nil
}

// tidy compacts if more than half of all bytes are not needed. If that fails, the
// snapshots are what they were: it is no error of the change that came before, and
// the next one tries again or hears of it.
func (d *Disk) tidy() { _ = d.compactIf(2) }

// sticky remembers an error after which nothing can be written any more.
func (d *Disk) sticky(err error) error {
	if err != nil {
		d.err = err
	}
	return err
}

// preparePacker gets to know which pages the store has. That takes reading all of
// it, once for each process that writes.
func (d *Disk) preparePacker() error {
	if d.packer != nil {
		return nil
	}
	p, err := newPacker(d, d.cat)
	if err != nil {
		return err
	}
	for _, b := range d.cat.batches {
		p.learn(b)
	}
	d.packer = p
	return nil
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

// Delete removes a snapshot.
func (d *Disk) Delete(e Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.begin()
	if err == nil {
		err = d.remove([]Entry{e})
	}
	if err != nil {
		return fmt.Errorf("deleting the snapshot of %v in %s: %w", e.At, d.dir, err)
	}
	d.tidy()
	return nil
}

// remove records that snapshots are gone.
func (d *Disk) remove(gone []Entry) error {
	f := &frames{id: d.id, base: d.end}
	for _, e := range gone {
		if d.cat.numbered(e.number) == nil {
			return errors.New("it is not there")
		}
		f.delete(e.number)
	}
	if err := d.appendIndex(f); err != nil {
		return err
	}
	for _, e := range gone {
		d.cat.remove(e.number)
	}
	return nil
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
	return dropped, d.compactIf(4)
}
