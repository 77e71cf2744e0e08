// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import "sync"

// maxQueued is how many bytes of pages may wait to be written, unless it is those
// of one snapshot.
const maxQueued = 256 << 20

// Keeper puts snapshots in a Disk on a goroutine of its own, while their machine goes
// on. An error of writing is returned by every later call, and nothing is written
// after it. Put, Flush and Close are for one goroutine at a time.
type Keeper struct {
	disk   *Disk
	budget int64
	most   int64

	mu      sync.Mutex
	changed sync.Cond
	queue   []queued // the first is being written
	bytes   int64    // of all in the queue
	closed  bool
	err     error
	done    chan struct{}
}

type queued struct {
	snap  *Snapshot
	bytes int64
}

// NewKeeper begins to write to a Disk. Snapshots without a name are thinned when the
// files take more than budget bytes; 0 means that all stay.
func NewKeeper(d *Disk, budget int64) *Keeper { return newKeeper(d, budget, maxQueued) }

func newKeeper(d *Disk, budget, most int64) *Keeper {
	k := &Keeper{disk: d, budget: budget, most: most, done: make(chan struct{})}
	k.changed.L = &k.mu
	go k.run()
	return k
}

func (k *Keeper) run() {
	defer close(k.done)
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		for len(k.queue) == 0 && !k.closed {
			k.changed.Wait()
		}
		if len(k.queue) == 0 {
			return
		}
		q := k.queue[0]
		if k.err == nil {
			k.mu.Unlock()
			err := k.put(q.snap)
			k.mu.Lock()
			k.err = err
		}
		k.queue[0] = queued{} // or it would hold the snapshot's pages
		k.queue = k.queue[1:]
		k.bytes -= q.bytes
		k.changed.Broadcast()
	}
}

func (k *Keeper) put(s *Snapshot) error {
	err := k.disk.Put(s)
	if err == nil && k.budget > 0 {
		_, err = k.disk.Thin(k.budget, s.State.At)
	}
	return err
}

// Put queues a snapshot. It waits while too much is queued.
func (k *Keeper) Put(s *Snapshot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		switch {
		case k.err != nil:
			return k.err
		case k.closed:
			return ErrClosed
		}
		n := k.size(s)
		if len(k.queue) == 0 || k.bytes+n <= k.most {
			k.queue = append(k.queue, queued{s, n})
			k.bytes += n
			k.changed.Broadcast()
			return nil
		}
		k.changed.Wait()
	}
}

// size returns how many bytes of pages a snapshot keeps in memory until it is
// written, beyond those of the one queued before it. Pages that are on disk count
// for nothing.
func (k *Keeper) size(s *Snapshot) (bytes int64) {
	before := newTable(s.ram.pages)
	if n := len(k.queue); n > 0 && k.queue[n-1].snap.ram.pages == s.ram.pages {
		before = k.queue[n-1].snap.ram
	}
	differing(before, s.ram, func(i int) {
		if p := s.ram.get(i); p != nil && p.at.Load() == nil {
			bytes += PageSize
		}
	})
	return bytes
}

// Flush waits until all is written.
func (k *Keeper) Flush() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.queue) > 0 && k.err == nil {
		k.changed.Wait()
	}
	return k.err
}

// Close is Flush, and ends the Keeper. The Disk stays open.
func (k *Keeper) Close() error {
	err := k.Flush()
	k.mu.Lock()
	k.closed = true
	k.changed.Broadcast()
	k.mu.Unlock()
	<-k.done
	return err
}

// Over reports whether the snapshots take more than so many bytes of disk. It waits for
// those that are queued only if they may make the difference.
func (k *Keeper) Over(budget int64) (bool, error) {
	k.mu.Lock()
	queued, err := k.bytes, k.err
	k.mu.Unlock()
	if err != nil || k.disk.Bytes()+queued <= budget {
		return false, err
	}
	if err := k.Flush(); err != nil {
		return false, err
	}
	return k.disk.Bytes() > budget, nil
}
