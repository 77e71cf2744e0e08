// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import "context"

// compactIf compacts if more than one part in n of all bytes is not needed.
func (d *Disk) compactIf(ctx context.Context, n int64, progress func(done, all uint64)) error {
	if all := d.bytes(); (all-d.liveBytes())*n > all {
		return d.compact(ctx, progress)
	}
	return nil
}

// compact gives back what deleted snapshots took: segments of which little is needed
// are written anew, then a new index; only when that is durable, the old files go. A
// crash at any point leaves the old state or the new one, and so does the end of ctx.
// Delete, Thin and a Put that replaces a snapshot do this when much is to be gained.
// progress may be nil.
func (d *Disk) compact(ctx context.Context, progress func(done, all uint64)) error {
	if err := d.sealPacker(); err != nil {
		return err
	}
	live := d.cat.live()
	s := &steps{ctx: ctx, progress: progress, all: uint64(len(live) + len(d.cat.snaps))}
	stay := d.worthKeeping(live)
	for {
		bad, err := d.newCompaction(s, live, stay).run()
		if bad == nil || err != nil {
			return err
		}
		stay[bad] = true // what cannot be read cannot be moved
	}
}

// steps counts what a compaction has done: the batches and the snapshots that stay.
type steps struct {
	ctx      context.Context
	progress func(done, all uint64) // may be nil
	done     uint64                 // in this attempt
	shown    uint64                 // the most that was told of
	all      uint64
}

// step counts one more. If an attempt began anew, nothing is told until it is as far as
// the one before. The error is the cause of the context's end.
func (s *steps) step() error {
	s.done++
	if s.done > s.shown {
		s.shown = s.done
		if s.progress != nil {
			s.progress(s.done, s.all)
		}
	}
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	return nil
}

// worthKeeping returns the segments of which at least three quarters are needed.
func (d *Disk) worthKeeping(live map[*batch]uint64) map[*segment]bool {
	needed := make(map[*segment]int64)
	for b, pages := range live {
		needed[b.seg] += b.share(pages)
	}
	stay := make(map[*segment]bool)
	for s, n := range needed {
		stay[s] = n*4 >= s.size()*3
	}
	return stay
}

// compaction is the making of a new catalog. Until it is finished, nothing of the
// old one changes.
type compaction struct {
	d       *Disk
	live    map[*batch]uint64
	stay    map[*segment]bool
	cat     *catalog
	packer  *packer
	renewed map[*batch]*batch  // batches of segments that stay
	moved   map[*batch][]place // pages of the others
	*steps
}

func (d *Disk) newCompaction(s *steps, live map[*batch]uint64, stay map[*segment]bool) *compaction {
	s.done = 0
	cat := d.newCatalog()
	return &compaction{d: d, live: live, stay: stay, cat: cat, packer: newPacker(d, cat),
		renewed: make(map[*batch]*batch), moved: make(map[*batch][]place), steps: s}
}

// run makes the new catalog the store's. If pages that are needed cannot be read, it
// returns their segment. Then, and if it fails, nothing has changed.
func (c *compaction) run() (bad *segment, err error) {
	defer c.abandon()
	if err := c.keepSegments(); err != nil {
		return nil, err
	}
	if bad, err := c.movePages(); bad != nil || err != nil {
		return bad, err
	}
	return nil, c.finish()
}

// keepSegments takes over the segments that stay, with what is needed of them.
func (c *compaction) keepSegments() error {
	d := c.d
	for _, s := range d.cat.segments {
		if c.stay[s] {
			c.cat.segments = append(c.cat.segments, s)
		}
	}
	for _, b := range d.cat.batches {
		if !c.stay[b.seg] || c.live[b] == 0 {
			continue
		}
		if err := c.step(); err != nil {
			return err
		}
		own := &batch{owner: d, seg: b.seg, offset: b.offset, length: b.length, count: b.count}
		c.cat.addBatch(own)
		c.renewed[b] = own
		if d.packer == nil {
			c.packer.learn(own)
		}
	}
	if d.packer != nil {
		for k, at := range d.packer.known {
			if own := c.renewed[at.batch]; own != nil {
				c.packer.known[k] = place{own, at.slot}
			}
		}
	}
	return nil
}

// movePages writes the pages that are needed of segments that do not stay. If one of
// these cannot be read, it returns it.
func (c *compaction) movePages() (bad *segment, err error) {
	var buf []byte
	for _, b := range c.d.cat.batches {
		if c.stay[b.seg] || c.live[b] == 0 {
			continue
		}
		if err := c.step(); err != nil {
			return nil, err
		}
		_, pages, err := b.read(buf)
		if err != nil {
			return b.seg, nil
		}
		buf = pages
		places := make([]place, b.count)
		for i := range places {
			if c.live[b]>>i&1 == 0 {
				continue
			}
			if places[i], _, err = c.packer.add(asPage(pages, i)); err != nil {
				return nil, err
			}
		}
		c.moved[b] = places
	}
	if err := c.packer.flush(); err != nil {
		return nil, err
	}
	return nil, c.packer.seal()
}

// finish writes the new index and makes the new catalog the store's.
func (c *compaction) finish() error {
	d := c.d
	numbers := make(map[uint64]uint64) // of chunks: old, new
	for _, r := range d.cat.snaps {
		own := &record{Entry: r.Entry}
		for _, n := range r.chunks {
			if _, ok := numbers[n]; !ok && n > 0 {
				numbers[n], _ = c.cat.addChunk(c.chunk(d.cat.chunks[n-1]))
			}
			own.chunks = append(own.chunks, numbers[n])
		}
		c.cat.insert(own)
	}
	c.cat.last = d.cat.last
	f := d.newIndex(c.cat)
	f.catalog(c.cat, extent{})
	for i, own := range c.cat.snaps {
		if err := c.step(); err != nil {
			return err
		}
		state, err := d.state(d.cat.snaps[i])
		if err == nil {
			err = f.snapshot(own, &state)
		}
		if err != nil {
			return err
		}
	}
	old, generation := d.cat, d.generation
	if err := d.writeIndex(f.b, c.cat); err != nil {
		return err
	}
	d.packer = c.packer
	// What cannot be removed now is so by the next process that writes.
	d.fs.Remove(d.indexPath(generation))
	for _, s := range old.segments {
		if !c.stay[s] {
			d.fs.Remove(s.path)
		}
	}
	return nil
}

// chunk returns a chunk's references in the new catalog.
func (c *compaction) chunk(r *chunkRecord) string {
	var list [chunkPages]uint64
	c.d.cat.runs(r.refs, func(i int, b *batch, slot, count int) {
		for k := range count {
			at := place{c.renewed[b], slot + k}
			if at.batch == nil {
				at = c.moved[b][slot+k]
			}
			list[i+k] = at.batch.first + uint64(at.slot)
		}
	})
	return string(appendRefs(nil, list[:]))
}

// abandon removes what was written for nothing, unless the new catalog is the store's.
func (c *compaction) abandon() {
	if c.d.cat == c.cat {
		return
	}
	if c.packer.f != nil {
		c.packer.f.Close()
	}
	for _, s := range c.cat.segments {
		if !c.stay[s] {
			c.d.fs.Remove(s.path)
		}
	}
}
