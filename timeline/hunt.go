// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"slices"
	"sync"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/snapshots"
)

// hunt is a search of several machines through some spans. The nearest one with a hit
// has the answer; those behind it are of no interest, and nobody waits for them. So it is
// with an error and a cancellation.
type hunt struct {
	owner   *Timeline // whose search it is
	spans   []span
	breaks  []uint64
	watches []cpu.Watch

	mu      sync.Mutex
	next    int // the first that nobody has taken
	running map[int]context.CancelFunc
	looked  *looked       // how far they have got
	learned []stores      // by the other machines
	left    bool          // nobody asks any more what was learned
	over    chan struct{} // closed: the nearest span that comes to something is known

	best int // the nearest that came to something; as many as there are: none has
	hit  *cpu.Hit
	near []*snapshots.Snapshot // at and before the hit, of another machine that found it
	stop Stop
	err  error
}

// newHunt is a hunt for the owner's break- and watchpoints.
func newHunt(owner *Timeline, spans []span) *hunt {
	return &hunt{owner: owner, spans: spans, breaks: slices.Clone(owner.breaks), watches: slices.Clone(owner.watches),
		running: map[int]context.CancelFunc{}, looked: owner.looked, over: make(chan struct{}), best: len(spans)}
}

// take takes the next span to be searched; ok is false if there is none of interest.
func (h *hunt) take(ctx context.Context) (i int, job context.Context, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next >= h.best || ctx.Err() != nil {
		return 0, nil, false
	}
	i = h.next
	h.next++
	job, h.running[i] = context.WithCancel(ctx)
	return i, job, true
}

// upcoming returns the span to be searched next; the last if there is none.
func (h *hunt) upcoming() span {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spans[min(h.next, len(h.spans)-1)]
}

// done says what the search of a span came to.
func (h *hunt) done(i int, found *cpu.Hit, near []*snapshots.Snapshot, stop Stop, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[i]()
	delete(h.running, i)
	switch {
	case i > h.best: // it may have been cancelled
		return
	case found == nil && err == nil && stop != StopInterrupted:
		h.looked.done.Add(h.spans[i].length())
	default:
		h.best, h.hit, h.near, h.stop, h.err = i, found, near, stop, err
	}
	nearer := h.next < h.best // one that nobody has taken
	for j, cancel := range h.running {
		if j > h.best {
			cancel()
		} else {
			nearer = true
		}
	}
	if !nearer {
		close(h.over)
	}
}

// outcome waits until the hunt is over or cancelled, and returns what it came to.
func (h *hunt) outcome(ctx context.Context) (*cpu.Hit, []*snapshots.Snapshot, Stop, error) {
	select {
	case <-h.over:
	case <-ctx.Done(): // one of the machines may be restoring a snapshot
	}
	select {
	case <-h.over:
	default:
		return nil, nil, StopInterrupted, nil
	}
	if h.best == len(h.spans) {
		return nil, nil, StopArrived, nil
	}
	return h.hit, h.near, h.stop, h.err
}

// join searches spans with a machine until none is left.
func (h *hunt) join(ctx context.Context, t *Timeline) {
	for {
		i, job, ok := h.take(ctx)
		if !ok {
			return
		}
		var near []*snapshots.Snapshot
		found, stop, err := t.searchSpan(job, h.spans[i])
		if t != h.owner {
			if found != nil && err == nil && stop != StopInterrupted {
				near, stop, err = t.nearTo(job, found, h.spans[i])
			}
			h.learn(t)
		}
		h.done(i, found, near, stop, err)
	}
}

// learn takes over what another machine has learned, unless the owner has left: then the
// next hunt does.
func (h *hunt) learn(t *Timeline) {
	t.noteStores()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.left {
		h.learned = append(h.learned, t.stores)
		t.stores = stores{}
	}
}

// lessons returns what the other machines have learned. The owner leaves.
func (h *hunt) lessons() []stores {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = true
	return h.learned
}

// searchSpan returns the last hit in a span.
func (t *Timeline) searchSpan(ctx context.Context, s span) (*cpu.Hit, Stop, error) {
	if err := t.restore(s.from); err != nil {
		return nil, 0, err
	}
	t.lookFrom(s.from.State.At.ICount)
	return t.search(ctx, s.to)
}

// nearTo goes to the hit in a span, for another machine, which would have to translate the
// code on the way first, and returns the snapshots of canonical states that it leaves there
// and on the way.
func (t *Timeline) nearTo(ctx context.Context, hit *cpu.Hit, s span) ([]*snapshots.Snapshot, Stop, error) {
	if t.nearest(hit.Place()).State.At.Before(s.from.State.At) { // that is the owner's
		if err := t.restore(s.from); err != nil {
			return nil, 0, err
		}
	}
	stop, err := t.seek(ctx, hit.Place())
	if err != nil || stop != StopArrived {
		return nil, stop, err
	}
	t.takeNear()
	here := t.m.Moment()
	near := slices.DeleteFunc(slices.Clone(t.near), func(s *snapshots.Snapshot) bool {
		return s.State.At.Sub != 0 || here.Before(s.State.At)
	})
	return near, stop, nil
}
