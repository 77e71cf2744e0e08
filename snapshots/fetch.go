// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxCached is how many bytes of pages a cache holds. No budget of snapshots counts
// them.
const maxCached = 256 << 20

// cache keeps pages that were read from a store on disk, up to a number of them: that
// of the machine's RAM, so that one snapshot finds room, or what maxCached allows. The
// one that was read first goes first.
type cache struct {
	mu    sync.Mutex
	data  map[*page]*pageData
	queue []*page // a ring once it is full
	next  int     // the oldest in it
	most  int
}

func newCache(pages int) *cache { return &cache{data: make(map[*page]*pageData), most: pages} }

// get returns a page's contents, nil if they are not here.
func (c *cache) get(p *page) *pageData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.data[p]
}

func (c *cache) put(p *page, data *pageData) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data[p] != nil {
		return
	}
	c.data[p] = data
	if len(c.queue) < c.most {
		c.queue = append(c.queue, p)
		return
	}
	delete(c.data, c.queue[c.next])
	c.queue[c.next] = p
	c.next = (c.next + 1) % c.most
}

// fetch returns the contents of pages; each batch on disk is read once, several at
// the same time: unpacking them is most of what it takes. Its errors are those of
// reading the disk: those of package badfile, and the file system's.
func fetch(pages []*page) ([]*pageData, error) {
	data := make([]*pageData, len(pages))
	missing := make(map[*batch][]int)
	var batches []*batch // in the order of their first pages
	for i, p := range pages {
		if data[i] = p.known(); data[i] != nil {
			continue
		}
		b := p.at.Load().batch
		if missing[b] == nil {
			batches = append(batches, b)
		}
		missing[b] = append(missing[b], i)
	}
	errs := make([]error, len(batches))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(batches)) {
		workers.Go(func() {
			buf := make([]byte, 0, batchPages*PageSize)
			for {
				n := int(next.Add(1)) - 1
				if n >= len(batches) {
					return
				}
				errs[n] = batches[n].fetch(pages, missing[batches[n]], data, buf)
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err // the first in the order of pages, whichever worker was first
		}
	}
	return data, nil
}

// fetch reads the batch and sets data of those of its pages that are wanted.
func (b *batch) fetch(pages []*page, wanted []int, data []*pageData, buf []byte) error {
	_, raw, err := b.read(buf)
	if err != nil {
		return err
	}
	for _, i := range wanted {
		own := *asPage(raw, pages[i].at.Load().slot)
		data[i] = &own
		b.owner.cache.put(pages[i], data[i])
	}
	return nil
}
