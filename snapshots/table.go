// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import "bytes"

// page is one page's bytes. A page in a table never changes.
type page [PageSize]byte

var zeroPage page

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

// bytes returns the contents of page i; the caller must not change them.
func (t *table) bytes(i int) []byte {
	if p := t.get(i); p != nil {
		return p[:]
	}
	return zeroPage[:]
}

// builder makes a new table out of an old one.
type builder struct {
	t   *table
	own []bool // which chunks belong to t alone
}

func newBuilder(from *table) *builder {
	t := newTable(from.pages)
	copy(t.chunks, from.chunks)
	return &builder{t, make([]bool, len(t.chunks))}
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

// update gives page i the contents data, without a copy if it has them already.
func (b *builder) update(i int, data []byte) {
	if bytes.Equal(b.t.bytes(i), data) {
		return
	}
	if bytes.Equal(data, zeroPage[:]) {
		b.set(i, nil)
		return
	}
	p := new(page)
	copy(p[:], data)
	b.set(i, p)
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

// countPages adds the pages of t that are not in seen to it. Chunks that were
// counted before are in chunks.
func countPages(t *table, chunks map[*chunk]bool, seen map[*page]bool) {
	for _, c := range t.chunks {
		if c == nil || chunks[c] {
			continue
		}
		chunks[c] = true
		for _, p := range c {
			if p != nil {
				seen[p] = true
			}
		}
	}
}
