// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"encoding/binary"
	"fmt"

	"github.com/vmrr/vmrr/internal/framed"
)

// frames collects the frames that go to an index file, from an offset on.
type frames struct {
	id   framed.ID
	base int64
	b    []byte
}

func (f *frames) end() int64 { return f.base + int64(len(f.b)) }

func (f *frames) add(kind byte, payload []byte) {
	f.b = framed.Append(f.b, f.id, f.end(), kind, payload)
}

// extent is how much of a catalog is in the index file.
type extent struct{ segments, batches, chunks int }

// catalog adds what a catalog has beyond an extent, but for the snapshots.
func (f *frames) catalog(c *catalog, from extent) {
	f.segments(c, from.segments)
	f.batches(c, from.batches)
	f.chunks(c, from.chunks)
}

func (c *catalog) extent() extent { return extent{len(c.segments), len(c.batches), len(c.chunks)} }

func (f *frames) segments(c *catalog, from int) {
	for _, s := range c.segments[from:] {
		f.add(kindSegment, append(binary.AppendUvarint(nil, s.number), s.id[:]...))
	}
}

// listSize is about how many bytes a frame of batches or chunks has.
const listSize = 1 << 20

func (f *frames) batches(c *catalog, from int) {
	places := make(map[*segment]uint64)
	for i, s := range c.segments {
		places[s] = uint64(i)
	}
	var p []byte
	for _, b := range c.batches[from:] {
		for _, v := range []uint64{places[b.seg], uint64(b.offset), uint64(b.length), uint64(b.count)} {
			p = binary.AppendUvarint(p, v)
		}
		p = f.full(kindBatches, p, listSize)
	}
	f.full(kindBatches, p, 1)
}

func (f *frames) chunks(c *catalog, from int) {
	var p []byte
	for _, r := range c.chunks[from:] {
		p = f.full(kindChunks, append(p, r.refs...), listSize)
	}
	f.full(kindChunks, p, 1)
}

// full adds a frame of a list if that has so many bytes, and returns what is left
// of the list.
func (f *frames) full(kind byte, payload []byte, size int) []byte {
	if len(payload) < size {
		return payload
	}
	f.add(kind, payload)
	return payload[:0]
}

// snapshot adds the record of a snapshot and notes where it lies.
func (f *frames) snapshot(r *record, state *State) error {
	p := binary.AppendUvarint(nil, r.number)
	p = binary.AppendUvarint(p, uint64(r.Pages))
	p = binary.AppendUvarint(p, uint64(r.Bytes))
	p, err := appendState(p, r.Name, state)
	if err != nil {
		return err
	}
	if p = appendRefs(p, r.chunks); len(p) > framed.MaxPayload {
		return fmt.Errorf("the snapshot's record has %d bytes: want at most %d", len(p), framed.MaxPayload)
	}
	r.offset, r.length = f.end(), int64(len(p))
	f.add(kindSnapshot, p)
	return nil
}

func (f *frames) delete(number uint64) { f.add(kindDelete, binary.AppendUvarint(nil, number)) }
