// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/framed"
)

// packer writes pages into batches, batches into segments, and notes both in a
// catalog; a page with contents that are there already is not written.
type packer struct {
	d       *Disk
	cat     *catalog
	known   map[key]place // of the catalog's pages
	seg     *segment      // being written; nil if a new one is to be begun
	f       file
	end     int64 // of the segment, bytes
	unsaved bool  // the segment's name may not be durable
	written int64 // bytes in all

	// The batch being filled: it has its number, but is not in the catalog yet.
	batch *batch
	keys  []key
	pages []byte
}

func newPacker(d *Disk, cat *catalog) *packer {
	return &packer{d: d, cat: cat, known: make(map[key]place)}
}

// learn makes a batch's pages known, so that they are not written again. Those of
// one that cannot be read are not.
func (p *packer) learn(b *batch) {
	keys, err := b.keys()
	if err != nil {
		return // only snapshots that need it hear of it
	}
	for i, k := range keys {
		p.known[k] = place{b, i}
	}
}

// add returns the place of a page's contents, and whether they are new.
func (p *packer) add(data *pageData) (at place, isNew bool, err error) {
	k := keyOf(data)
	if at, ok := p.known[k]; ok {
		return at, false, nil
	}
	if p.batch == nil {
		p.batch = &batch{owner: p.d, first: p.cat.pages + 1}
	}
	at = place{p.batch, len(p.keys)}
	p.keys, p.pages = append(p.keys, k), append(p.pages, data[:]...)
	p.known[k] = at
	if len(p.keys) == batchPages {
		err = p.flush()
	}
	return at, true, err
}

// flush writes the batch that is not full.
func (p *packer) flush() error {
	if p.batch == nil {
		return nil
	}
	if p.seg == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	payload := encodeBatch(p.keys, p.pages)
	frame := framed.Append(nil, p.seg.id, p.end, kindBatch, payload)
	if _, err := p.f.WriteAt(frame, p.end); err != nil {
		return fmt.Errorf("writing pages of a snapshot: %w", err)
	}
	b := p.batch
	b.seg, b.offset, b.length, b.count = p.seg, p.end, int64(len(frame)), len(p.keys)
	p.cat.addBatch(b)
	p.end += b.length
	p.written += b.length
	p.batch, p.keys, p.pages = nil, p.keys[:0], p.pages[:0]
	if p.end >= segmentSize {
		return p.seal()
	}
	return nil
}

// begin begins a new segment.
func (p *packer) begin() error {
	s := p.d.newSegment(p.d.nextSegment, framed.ID{})
	rand.Read(s.id[:])
	f, err := p.d.fs.Create(s.path)
	if err != nil {
		return fmt.Errorf("beginning a file of snapshots: %w", err)
	}
	p.d.nextSegment++
	if _, err := f.WriteAt(segmentFormat.Header(s.id), 0); err != nil {
		f.Close()
		return fmt.Errorf("beginning a file of snapshots: %w", err)
	}
	p.seg, p.f, p.end, p.unsaved = s, f, framed.HeaderSize, true
	p.cat.segments = append(p.cat.segments, s)
	return nil
}

// sync makes durable what was written to the segment.
func (p *packer) sync() error {
	if p.seg == nil {
		return nil
	}
	err := p.f.Sync()
	if err == nil && p.unsaved {
		err = p.d.fs.SyncDir(filepath.Dir(p.seg.path))
	}
	if err != nil {
		return fmt.Errorf("making pages of a snapshot durable: %w", err)
	}
	p.unsaved = false
	return nil
}

// seal ends the segment: nothing is ever added to it.
func (p *packer) seal() error {
	if p.seg == nil {
		return nil
	}
	err := p.sync()
	if failed := p.f.Close(); err == nil && failed != nil {
		err = fmt.Errorf("writing pages of a snapshot: %w", failed)
	}
	p.seg, p.f = nil, nil
	return err
}
