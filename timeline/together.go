// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
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
// has the answer; those behind it are of no interest. So it is with an error and a
// cancellation.
type hunt struct {
	spans   []span
	breaks  []uint64
	watches []cpu.Watch

	mu      sync.Mutex
	next    int // the first that nobody has taken
	running map[int]context.CancelFunc
	looked  *looked  // how far they have got
	learned []stores // by the other machines

	best int // the nearest that came to something; as many as there are: none has
	hit  *cpu.Hit
	near *snapshots.Snapshot // at or before the hit, of the machine that found it
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

// done says what the search of a span came to.
func (h *hunt) done(i int, found *cpu.Hit, near *snapshots.Snapshot, stop Stop, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[i]()
	delete(h.running, i)
	switch {
	case i > h.best: // it may have been cancelled
		return
	case found == nil && err == nil && stop != StopInterrupted:
		h.looked.done.Add(h.spans[i].length())
		return
	}
	h.best, h.hit, h.near, h.stop, h.err = i, found, near, stop, err
	for j, cancel := range h.running {
		if j > i {
			cancel()
		}
	}
}

// outcome is what the hunt came to, when all have ended.
func (h *hunt) outcome() (*cpu.Hit, Stop, error) {
	switch {
	case h.best < len(h.spans):
		return h.hit, h.stop, h.err
	case h.next < len(h.spans): // cancelled between two of them
		return nil, StopInterrupted, nil
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
		found, near, stop, err := t.searchSpan(job, h.spans[i])
		h.done(i, found, near, stop, err)
	}
}

// learn takes over what another machine has learned.
func (h *hunt) learn(t *Timeline) {
	t.noteStores()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.learned = append(h.learned, t.stores)
	t.stores = stores{}
}

// searchSpan returns the last hit in a span, and the nearest snapshot before it.
func (t *Timeline) searchSpan(ctx context.Context, s span) (*cpu.Hit, *snapshots.Snapshot, Stop, error) {
	if err := t.restore(s.from); err != nil {
		return nil, nil, 0, err
	}
	t.lookFrom(s.from.State.At.ICount)
	found, stop, err := t.search(ctx, s.to)
	if found == nil || err != nil {
		return nil, nil, stop, err
	}
	return found, t.nearest(found.ICount - 1), stop, nil
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

// do has a job done, unless the helper leaves before. It waits while that is still being
// made or busy with what nobody waits for any more.
func (h *helper) do(job func(*Timeline)) {
	done := make(chan struct{})
	select {
	case h.jobs <- func(t *Timeline) { defer close(done); job(t) }:
		<-done
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
	h := &hunt{spans: spans, best: len(spans), breaks: slices.Clone(t.breaks), watches: slices.Clone(t.watches), running: map[int]context.CancelFunc{}, looked: t.looked}
	var joined sync.WaitGroup
	for _, helper := range t.helpers {
		joined.Add(1)
		go func() {
			defer joined.Done()
			helper.do(func(other *Timeline) {
				if other == nil || ctx.Err() != nil {
					return
				}
				other.forgetNear()
				other.setPoints(h.breaks, h.watches)
				if h.join(ctx, other); ctx.Err() == nil { // else the next hunt learns it
					h.learn(other)
				}
			})
		}()
	}
	h.join(ctx, t)
	all := make(chan struct{})
	go func() { joined.Wait(); close(all) }()
	select {
	case <-all:
	case <-ctx.Done(): // one of them may be restoring a snapshot
		return nil, StopInterrupted, nil
	}
	for _, other := range h.learned {
		for _, k := range other.known {
			t.stores.learn(k)
		}
	}
	hit, stop, err := h.outcome()
	if hit != nil {
		err = t.borrow(h.near)
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
