// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"cmp"
	"slices"
	"weak"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// Entry is what the index says of a snapshot.
type Entry struct {
	Name     string // empty if it was taken for the machine's own use
	At       machine.Moment
	Warp     uint64 // ns the clock has jumped
	Consumed uint64 // events a replay has played
	Pages    int    // pages that were new to the store when it was put there
	Bytes    int64  // what they took
	number   uint64 // of the snapshot, never used again
}

// record is a snapshot in the index.
type record struct {
	Entry
	offset int64 // of its frame in the index file
	length int64 // of what it holds, bytes
	chunks []uint64
}

// chunkRecord is a chunk in the index.
type chunkRecord struct {
	refs    string // as written
	used    int    // by how many snapshots
	decoded weak.Pointer[chunk]
}

// catalog is what an index says.
type catalog struct {
	owner    *Disk
	ramSize  int
	segments []*segment
	batches  []*batch
	pages    uint64 // the last number given to a page
	chunks   []*chunkRecord
	byRefs   map[string]uint64 // numbers of chunks
	snaps    []*record         // by moment, then by number
	byNumber map[uint64]*record
	last     uint64 // number that a snapshot was given
}

func (c *catalog) chunkCount() int { return (c.ramSize/PageSize + chunkPages - 1) / chunkPages }

// addBatch gives a batch's pages their numbers.
func (c *catalog) addBatch(b *batch) {
	b.first = c.pages + 1
	c.pages += uint64(b.count)
	c.batches = append(c.batches, b)
}

// retire says of a catalog's batches that they are in the index no more: another
// catalog has taken its place.
func (c *catalog) retire() {
	for _, b := range c.batches {
		b.first = 0
	}
}

// addChunk returns the number of a chunk; is new if it was not known.
func (c *catalog) addChunk(refs string) (number uint64, isNew bool) {
	if n, ok := c.byRefs[refs]; ok {
		return n, false
	}
	return c.appendChunk(refs), true
}

func (c *catalog) appendChunk(refs string) (number uint64) {
	c.chunks = append(c.chunks, &chunkRecord{refs: refs})
	number = uint64(len(c.chunks))
	c.byRefs[refs] = number
	return number
}

// insert adds a snapshot, in place of another of its name.
func (c *catalog) insert(r *record) {
	if old := c.named(r.Name); old != nil {
		c.remove(old.number)
	}
	for _, n := range r.chunks {
		if n > 0 {
			c.chunks[n-1].used++
		}
	}
	c.last = max(c.last, r.number)
	i, _ := slices.BinarySearchFunc(c.snaps, r, compareRecords)
	c.snaps = slices.Insert(c.snaps, i, r)
	c.byNumber[r.number] = r
}

func compareRecords(a, b *record) int {
	return cmp.Or(cmp.Compare(a.At.ICount, b.At.ICount), cmp.Compare(a.At.Sub, b.At.Sub), cmp.Compare(a.number, b.number))
}

func (c *catalog) named(name string) *record {
	if name == "" {
		return nil
	}
	for _, r := range c.snaps {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (c *catalog) numbered(n uint64) *record { return c.byNumber[n] }

// remove forgets a snapshot, if there is such a one.
func (c *catalog) remove(number uint64) {
	r := c.byNumber[number]
	if r == nil {
		return
	}
	for _, n := range r.chunks {
		if n > 0 {
			c.chunks[n-1].used--
		}
	}
	delete(c.byNumber, number)
	i, _ := slices.BinarySearchFunc(c.snaps, r, compareRecords)
	c.snaps = slices.Delete(c.snaps, i, i+1)
}

// runs calls f for the pages that a chunk refers to: those of the batch from slot
// on are its pages from i on.
func (c *catalog) runs(refs string, f func(i int, b *batch, slot, count int)) {
	// The form was checked when the record was taken in.
	readRefs([]byte(refs), chunkPages, c.pages, func(i, count int, first uint64) {
		for first > 0 && count > 0 {
			b := c.batchOf(first)
			slot := int(first - b.first)
			n := min(count, b.count-slot)
			f(i, b, slot, n)
			i, count, first = i+n, count-n, first+uint64(n)
		}
	})
}

// batchOf returns the batch that has the page of a number: their numbers ascend.
func (c *catalog) batchOf(number uint64) *batch {
	i, found := slices.BinarySearchFunc(c.batches, number, func(b *batch, n uint64) int { return cmp.Compare(b.first, n) })
	if !found {
		i--
	}
	return c.batches[i]
}

// chunk returns a chunk by its number: the same one as long as somebody has it.
func (c *catalog) chunk(number uint64) *chunk {
	if number == 0 {
		return nil
	}
	r := c.chunks[number-1]
	if known := r.decoded.Value(); known != nil {
		return known
	}
	made := new(chunk)
	c.runs(r.refs, func(i int, b *batch, slot, count int) {
		for k := range count {
			made[i+k] = b.node(slot + k)
		}
	})
	r.decoded = weak.Make(made)
	return made
}

// live returns which pages of each batch some snapshot needs, a bit each.
func (c *catalog) live() map[*batch]uint64 {
	needed := make(map[*batch]uint64)
	for _, r := range c.chunks {
		if r.used > 0 {
			c.mark(r, needed)
		}
	}
	return needed
}

// mark notes which pages of each batch a chunk needs.
func (c *catalog) mark(r *chunkRecord, pages map[*batch]uint64) {
	c.runs(r.refs, func(_ int, b *batch, slot, count int) {
		pages[b] |= ^uint64(0) >> (64 - count) << slot
	})
}

// bytes returns about how much of the index the snapshots need.
func (c *catalog) bytes() int64 {
	n := int64(len(c.batches)) * 8
	for _, r := range c.chunks {
		if r.used > 0 {
			n += int64(len(r.refs))
		}
	}
	for _, r := range c.snaps {
		n += r.length + framed.Overhead
	}
	return n
}
