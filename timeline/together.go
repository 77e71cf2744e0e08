// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// Instance is another machine of the same recording.
type Instance struct {
	Machine *machine.Machine // switched off; its Inputs is Player
	Player  *replay.Player
	Close   func()
}

// span is a stretch of the past to be searched: from a snapshot's moment on, up to but
// without another moment.
type span struct {
	from *snapshots.Snapshot
	to   machine.Moment
}

// length returns how many instructions there are in it.
func (s span) length() uint64 { return s.to.ICount - s.from.State.At.ICount }

// nextSpan returns the stretch from a snapshot up to a moment or to where, before that, a
// quarry can be; ok is false if it cannot be anywhere behind another moment, the floor.
func (t *Timeline) nextSpan(q quarry, floor, end machine.Moment) (s span, ok bool) {
	if end = q.trim(end); !floor.Before(end) {
		return span{}, false
	}
	return span{t.canonicalBefore(end), end}, true
}

// spans returns all of these stretches, the latest first.
func (t *Timeline) spans(q quarry, floor, end machine.Moment) (all []span) {
	for {
		s, ok := t.nextSpan(q, floor, end)
		if !ok {
			return all
		}
		all = append(all, s)
		end = s.from.State.At
	}
}

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
	over    chan struct{} // closed: it has come to something, or to an end with nothing

	best int // the nearest that came to something; as many as there are: none has
	hit  *cpu.Hit
	near []*snapshots.Snapshot // at and before the hit, of another machine that found it
	stop Stop
	err  error
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

// nextSpan returns the next span to be searched; the last if there is none.
func (h *hunt) nextSpan() span {
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

// isOver reports whether the nearest span that comes to something is known.
func (h *hunt) isOver() bool {
	select {
	case <-h.over:
		return true
	default:
		return false
	}
}

// outcome waits until the hunt is over or cancelled, and returns what it came to.
func (h *hunt) outcome(ctx context.Context) (*cpu.Hit, Stop, error) {
	select {
	case <-h.over:
	case <-ctx.Done(): // one of the machines may be restoring a snapshot
	}
	switch {
	case !h.isOver():
		return nil, StopInterrupted, nil
	case h.best < len(h.spans):
		return h.hit, h.stop, h.err
	}
	return nil, StopArrived, nil
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
			if found != nil && err == nil {
				near, stop, err = t.nearTo(job, found, h.spans[i])
			}
			h.learn(t)
		}
		h.done(i, found, near, stop, err)
	}
}

// learn takes over what another machine has learned; when it is over the next hunt does.
func (h *hunt) learn(t *Timeline) {
	t.noteStores()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isOver() {
		h.learned = append(h.learned, t.stores)
		t.stores = stores{}
	}
}

// lessons returns what the other machines have learned.
func (h *hunt) lessons() []stores {
	h.mu.Lock()
	defer h.mu.Unlock()
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
// code on the way first, and returns the snapshots that it leaves there and on the way.
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
	return slices.DeleteFunc(slices.Clone(t.near), func(s *snapshots.Snapshot) bool { return here.Before(s.State.At) }), stop, nil
}

// helper is another machine, on a thread of its own.
type helper struct {
	jobs  chan func(*Timeline) // a nil Timeline says that there is no machine
	leave chan struct{}        // closed: no more jobs
	gone  chan struct{}        // closed: it has left
}

func newHelper(cfg Config) *helper {
	h := &helper{make(chan func(*Timeline)), make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(h.gone)
		runtime.LockOSThread()
		var t *Timeline
		if in, err := cfg.Spawn(); err == nil {
			defer in.Close()
			// It leaves near snapshots, and takes no others.
			t, _ = New(Config{Machine: in.Machine, Player: in.Player, Origin: cfg.Origin, Policy: Policy{Every: Never - 1}})
		}
		for {
			select {
			case job := <-h.jobs:
				job(t)
			case <-h.leave:
				return
			}
		}
	}()
	return h
}

// do has a job done when the helper is there and has time, unless nobody wants it any
// more before.
func (h *helper) do(ctx context.Context, job func(*Timeline)) {
	select {
	case h.jobs <- job:
	case <-ctx.Done():
	case <-h.leave:
	}
}

// maxHelperRAM bounds the RAM of all helpers' machines in bytes.
const maxHelperRAM = 4 << 30

// helpersWanted is how many helpers there may be. Conditions look at this machine.
func (t *Timeline) helpersWanted() int {
	if t.cfg.Spawn == nil || len(t.conditions) > 0 {
		return 0
	}
	return min(runtime.GOMAXPROCS(0)-1, 15, maxHelperRAM/len(t.m.RAM.Host))
}

// searchTogether returns the last hit in some spans, and whether there is one. Helpers
// are made when they are needed first, and stay.
func (t *Timeline) searchTogether(ctx context.Context, spans []span) (*cpu.Hit, Stop, error) {
	for n := min(t.helpersWanted(), len(spans)-1); len(t.helpers) < n; {
		t.helpers = append(t.helpers, newHelper(t.cfg))
	}
	h := &hunt{owner: t, spans: spans, best: len(spans), breaks: slices.Clone(t.breaks), watches: slices.Clone(t.watches),
		running: map[int]context.CancelFunc{}, looked: t.looked, over: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what is not over is of no interest
	for _, helper := range t.helpers {
		go helper.do(ctx, func(other *Timeline) {
			if other == nil || ctx.Err() != nil {
				return
			}
			other.forgetNear()
			other.setPoints(h.breaks, h.watches)
			// It may come from far: only when it is near it takes a span, or that would wait.
			if other.restore(h.nextSpan().from) == nil {
				h.join(ctx, other)
			}
		})
	}
	h.join(ctx, t)
	hit, stop, err := h.outcome(ctx)
	for _, other := range h.lessons() {
		for _, k := range other.known {
			t.stores.learn(k)
		}
	}
	for _, s := range h.near {
		err = errors.Join(err, t.borrow(s))
	}
	return hit, stop, err
}

// borrow makes another machine's snapshot a near one of this one.
func (t *Timeline) borrow(s *snapshots.Snapshot) error {
	at := s.State.At
	if own := t.store.Nearest(at); own != nil && own.State.At == at {
		return nil
	}
	if err := t.store.Add(s); err != nil {
		return err
	}
	t.keepNear(t.store.Nearest(at))
	return nil
}

// forgetNear forgets the near snapshots of the search before.
func (t *Timeline) forgetNear() {
	for _, s := range t.near {
		t.store.Delete(s)
	}
	t.near = nil
}

// setPoints makes break- and watchpoints be these and no others. They must not be more
// than an engine takes.
func (t *Timeline) setPoints(breaks []uint64, watches []cpu.Watch) {
	for _, b := range slices.Clone(t.breaks) {
		if !slices.Contains(breaks, b) {
			t.RemoveBreak(b)
		}
	}
	for _, b := range breaks {
		t.InsertBreak(b)
	}
	for _, w := range slices.Clone(t.watches) {
		if !slices.Contains(watches, w) {
			t.RemoveWatch(w)
		}
	}
	for _, w := range watches {
		t.InsertWatch(w)
	}
}

// Close ends the helpers. The machine is its owner's to close.
func (t *Timeline) Close() {
	for _, h := range t.helpers {
		close(h.leave)
		<-h.gone
	}
	t.helpers = nil
}
