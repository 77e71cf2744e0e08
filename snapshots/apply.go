// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"fmt"

	"github.com/vmrr/vmrr/internal/framed"
)

// The kinds of an index's frames. What they hold are varints, and lists of them to
// the end of the frame:
//
//	head      size of RAM in bytes, the last number that a snapshot was given before;
//	          always and only the first
//	segment   number in its file's name, u8[16] its id; its place is how many came before
//	batches   of each: the segment's place, offset and length of its frame in bytes,
//	          pages; these get the numbers that follow, from 1
//	chunks    of each: references to its 512 pages (appendRefs); these get numbers too
//	snapshot  number, pages and bytes that it added, name and state (appendState),
//	          references to the chunks of RAM; it replaces one of the same name
//	delete    number of a snapshot that is gone
const (
	kindHead = iota + 1
	kindSegment
	kindBatches
	kindChunks
	kindSnapshot
	kindDelete
)

// apply takes in a frame of the index.
func (c *catalog) apply(f framed.Frame) error {
	d := &decoder{b: f.Payload}
	switch f.Kind {
	case kindSegment:
		number := d.uvarint()
		if d.err != nil || len(d.b) != len(framed.ID{}) {
			return fmt.Errorf("a record of a segment has %d bytes", len(f.Payload))
		}
		c.segments = append(c.segments, c.owner.newSegment(number, framed.ID(d.b)))
	case kindBatches:
		for len(d.b) > 0 && d.err == nil {
			c.applyBatch(d)
		}
	case kindChunks:
		for len(d.b) > 0 && d.err == nil {
			rest, err := readRefs(d.b, chunkPages, c.pages, func(int, int, uint64) {})
			if err != nil {
				return err
			}
			c.appendChunk(string(d.b[:len(d.b)-len(rest)]))
			d.b = rest
		}
	case kindSnapshot:
		r, _, err := c.decodeSnapshot(f)
		if err != nil {
			return err
		}
		if c.numbered(r.number) != nil {
			return fmt.Errorf("two snapshots have the number %d", r.number)
		}
		c.insert(r)
	case kindDelete:
		c.remove(d.uvarint())
	default:
		return fmt.Errorf("a record is of kind %d, which this vmrr does not know", f.Kind)
	}
	return d.err
}

func (c *catalog) applyBatch(d *decoder) {
	n, offset, length, count := d.uvarint(), d.upTo(1<<62), d.upTo(maxBatch+framed.Overhead), d.upTo(batchPages)
	if d.err == nil && (n >= uint64(len(c.segments)) || count == 0) {
		d.err = errForm
	}
	if d.err == nil {
		c.addBatch(&batch{owner: c.owner, seg: c.segments[n], offset: int64(offset), length: int64(length), count: int(count)})
	}
}

// decodeSnapshot reads a snapshot's record.
func (c *catalog) decodeSnapshot(f framed.Frame) (*record, State, error) {
	d := &decoder{b: f.Payload}
	r := &record{offset: f.Offset, length: int64(len(f.Payload))}
	r.number = d.uvarint()
	r.Pages, r.Bytes = int(d.upTo(1<<40)), int64(d.upTo(1<<62))
	name, state := d.state()
	r.Name, r.At, r.Warp, r.Consumed = name, state.At, state.Warp, state.Consumed
	if d.err != nil {
		return nil, state, d.err
	}
	rest, err := readRefs(d.b, c.chunkCount(), uint64(len(c.chunks)), func(_, count int, first uint64) {
		for range count {
			r.chunks = append(r.chunks, first)
			first = next(first)
		}
	})
	if err == nil && len(rest) > 0 {
		err = errForm
	}
	return r, state, err
}
