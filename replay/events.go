// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// Records returns all records in order: events, hashes, notes, marks and the end.
// If the log can no longer be read, the last pair has the error.
func (t *Tape) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		r, err := newLogReader(io.NewSectionReader(t.f, 0, t.size), t.name)
		for err == nil && r.frames.Offset() < t.size {
			var b block
			if b, err = r.next(); err != nil {
				break
			}
			for _, rec := range b.records {
				if !yield(rec, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(Record{}, err)
		}
	}
}

// EventsBetween returns the events from one moment on and before another. If the
// log can no longer be read, the last pair has the error.
func (t *Tape) EventsBetween(from, to machine.Moment) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		// The block before the first one that begins at from or later may have some.
		i, _ := slices.BinarySearchFunc(t.index, from, func(b indexed, m machine.Moment) int {
			if b.at.Before(m) {
				return -1
			}
			return 1
		})
		for i = max(i-1, 0); i < len(t.index) && t.index[i].at.Before(to); i++ {
			events, err := t.read(i)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, e := range events {
				if !e.At.Before(from) && e.At.Before(to) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// read returns the events of block i of the index.
func (t *Tape) read(i int) ([]Record, error) {
	at := t.index[i]
	f, err := framed.ReadAt(t.f, t.name, t.id, at.offset, maxFrame)
	if err != nil {
		return nil, err
	}
	b, err := openBlock(f)
	if err != nil {
		return nil, &badfile.DamagedError{File: t.name, Offset: at.offset, What: err.Error()}
	}
	events := slices.DeleteFunc(b.records, func(r Record) bool { return !r.Kind.event() })
	if len(events) == 0 || events[0].Ordinal != at.ordinal {
		return nil, &badfile.DamagedError{File: t.name, Offset: at.offset,
			What: fmt.Sprintf("the block no longer begins with event %d", at.ordinal)}
	}
	return events, nil
}

// cacheBlocks is how many blocks a player keeps decoded: it goes forward, and back
// to where it was a short while ago.
const cacheBlocks = 4

// cache is a player's view of a tape's events.
type cache struct {
	blocks [cacheBlocks]struct {
		index  int // in the tape's index
		events []Record
	}
	oldest int // of blocks
}

// block returns the events of block i of the tape's index.
func (c *cache) block(t *Tape, i int) ([]Record, error) {
	for _, b := range c.blocks {
		if b.index == i && b.events != nil {
			return b.events, nil
		}
	}
	events, err := t.read(i)
	if err != nil {
		return nil, err
	}
	b := &c.blocks[c.oldest]
	b.index, b.events = i, events
	c.oldest = (c.oldest + 1) % cacheBlocks
	return events, nil
}

// find returns the first event that the tape has from an ordinal on, nil if none.
func (c *cache) find(t *Tape, ordinal uint64) (*Record, error) {
	// The last block that begins at the ordinal or before, and the one behind it.
	i, ok := slices.BinarySearchFunc(t.index, ordinal, func(b indexed, n uint64) int { return cmp.Compare(b.ordinal, n) })
	if !ok {
		i = max(i-1, 0)
	}
	for ; i < len(t.index); i++ {
		events, err := c.block(t, i)
		if err != nil {
			return nil, err
		}
		j, _ := slices.BinarySearchFunc(events, ordinal, func(r Record, n uint64) int { return cmp.Compare(r.Ordinal, n) })
		if j < len(events) {
			return &events[j], nil
		}
	}
	return nil, nil
}
