// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"sync/atomic"
)

type pageData [PageSize]byte

var zeroPage pageData

// page is one page of some snapshots that is not all zero. What it holds never
// changes. One that a pool made has its bytes in memory; one of a store on disk
// has them there, and only a place.
type page struct {
	data *pageData // nil: they are at the place
	// at is where a store on disk has the page; nil if none is known to.
	at atomic.Pointer[place]

	pool   *pool // whose the fields below are, nil if the page is on disk
	hash   uint64
	refs   int   // chunks of the pool that hold it
	pooled bool  // it is in the pool's map
	next   *page // another page of the same hash there
}

// place is a page of a batch on disk.
type place struct {
	batch *batch
	slot  int
}

// chunkPages is the number of pages a chunk holds: 2 MiB of RAM.
const chunkPages = 512

// chunk is a run of pages; nil stands for a page of zeros. A chunk that is in
// more than one table never changes.
type chunk [chunkPages]*page

// table is the contents of a whole RAM; a nil chunk is all zero. Tables share
// chunks, and chunks share pages, with the tables they were made from.
type table struct {
	chunks []*chunk
	pages  int
}

func newTable(pages int) *table {
	return &table{make([]*chunk, (pages+chunkPages-1)/chunkPages), pages}
}

// get returns page i, nil if it is all zero.
func (t *table) get(i int) *page {
	if c := t.chunks[i/chunkPages]; c != nil {
		return c[i%chunkPages]
	}
	return nil
}

// builder makes a new table out of an old one. The pages are those of a pool.
type builder struct {
	t    *table
	pool *pool
	own  []bool // which chunks belong to t alone
}

func newBuilder(from *table, p *pool) *builder {
	t := newTable(from.pages)
	copy(t.chunks, from.chunks)
	return &builder{t, p, make([]bool, len(t.chunks))}
}

// set makes p page i; nil is a page of zeros.
func (b *builder) set(i int, p *page) {
	n := i / chunkPages
	if !b.own[n] {
		c := new(chunk)
		if old := b.t.chunks[n]; old != nil {
			*c = *old
		}
		b.t.chunks[n], b.own[n] = c, true
	}
	b.t.chunks[n][i%chunkPages] = p
}

// update gives page i the contents data, without a copy if it or another page
// has them already.
func (b *builder) update(i int, data *pageData) {
	old := b.t.get(i)
	if known := old.known(); known != nil && equal(known, data) {
		return
	}
	if equal(data, &zeroPage) {
		b.set(i, nil)
		return
	}
	b.set(i, b.pool.intern(data))
}

// known returns what a page holds, nil if that would have to be read from disk.
func (p *page) known() *pageData {
	switch {
	case p == nil:
		return &zeroPage
	case p.data != nil:
		return p.data
	}
	return p.at.Load().batch.owner.cache.get(p)
}

// differing calls f, in ascending order, for every page that the tables do not
// share. The contents of such a page may be the same all the same.
func differing(a, b *table, f func(i int)) {
	for n, c := range a.chunks {
		d := b.chunks[n]
		if c == d {
			continue
		}
		end := min((n+1)*chunkPages, a.pages)
		for i := n * chunkPages; i < end; i++ {
			if a.get(i) != b.get(i) {
				f(i)
			}
		}
	}
}

// asPage shows page i of a machine's RAM.
func asPage(ram []byte, i int) *pageData { return (*pageData)(ram[i*PageSize:]) }

// equal compares pages: several times as fast as comparing the arrays.
func equal(a, b *pageData) bool { return bytes.Equal(a[:], b[:]) }
