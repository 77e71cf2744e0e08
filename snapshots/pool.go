// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import "github.com/cespare/xxhash/v2"

// chunkBytes is what a chunk takes besides its pages.
const chunkBytes = chunkPages * 8

// pool holds the pages of one Store: each contents once, as long as a retained
// table has it. Pages on disk are none of its business, they take no memory.
type pool struct {
	pages  map[uint64]*page // by hash, the head of a list
	chunks map[*chunk]*held // those of the retained tables
	bytes  int64            // what these take
}

// held is what a pool knows of a chunk.
type held struct {
	tables int // retained ones that have it
	pages  int // of it in memory
}

func newPool() *pool {
	return &pool{pages: make(map[uint64]*page), chunks: make(map[*chunk]*held)}
}

// inMemory reports whether a retained table has pages in memory.
func (p *pool) inMemory(t *table) bool {
	for _, c := range t.chunks {
		if c != nil && p.chunks[c].pages > 0 {
			return true
		}
	}
	return false
}

// intern returns the page with these contents. The table it becomes part of must
// be retained before any other is released.
func (p *pool) intern(data *pageData) *page {
	hash := xxhash.Sum64(data[:])
	if known := p.find(hash, data); known != nil {
		return known
	}
	own := *data
	return p.enter(&page{data: &own, pool: p, hash: hash})
}

func (p *pool) find(hash uint64, data *pageData) *page {
	for x := p.pages[hash]; x != nil; x = x.next {
		if x.data == data || equal(x.data, data) {
			return x
		}
	}
	return nil
}

func (p *pool) enter(x *page) *page {
	x.next, x.pooled = p.pages[x.hash], true
	p.pages[x.hash] = x
	p.bytes += PageSize
	return x
}

func (p *pool) leave(x *page) {
	if head := p.pages[x.hash]; head != x {
		for head.next != x {
			head = head.next
		}
		head.next = x.next
	} else if x.next != nil {
		p.pages[x.hash] = x.next
	} else {
		delete(p.pages, x.hash)
	}
	x.next, x.pooled = nil, false
	p.bytes -= PageSize
}

// retain counts one more holder of a table, all of whose pages are in the pool or
// on disk; release one less.
func (p *pool) retain(t *table) {
	for _, c := range t.chunks {
		if c == nil {
			continue
		}
		if h := p.chunks[c]; h != nil {
			h.tables++
			continue
		}
		h := &held{tables: 1}
		p.chunks[c] = h
		p.bytes += chunkBytes
		for _, x := range c {
			if x != nil && x.data != nil {
				x.refs++
				h.pages++
			}
		}
	}
}

func (p *pool) release(t *table) {
	for _, c := range t.chunks {
		if c == nil {
			continue
		}
		h := p.chunks[c]
		if h.tables--; h.tables > 0 {
			continue
		}
		delete(p.chunks, c)
		p.bytes -= chunkBytes
		for _, x := range c {
			if x != nil && x.data != nil {
				if x.refs--; x.refs == 0 {
					p.leave(x)
				}
			}
		}
	}
}

// adopt returns a table of the same contents whose pages are in the pool or on
// disk: the same one if it is so already. It copies no page. Like intern, it is
// to be followed by retain.
func (p *pool) adopt(t *table) *table {
	b := newBuilder(t, p)
	for n, c := range t.chunks {
		if c == nil || p.chunks[c] != nil {
			continue
		}
		for i, x := range c {
			if x == nil || x.data == nil || x.pool == p && x.pooled { // of another pool, only what never changes may be looked at
				continue
			}
			own := p.find(x.hash, x.data)
			switch {
			case own == nil && x.pool == p: // nobody had it for a while
				p.enter(x)
				continue
			case own == nil:
				own = p.enter(&page{data: x.data, pool: p, hash: x.hash})
				own.at.Store(x.at.Load())
			}
			b.set(n*chunkPages+i, own)
		}
	}
	for _, changed := range b.own {
		if changed {
			return b.t
		}
	}
	return t
}
