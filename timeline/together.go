// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"runtime"
	"slices"

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
	h := newHunt(t, spans)
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
			if other.restore(h.upcoming().from) == nil {
				h.join(ctx, other)
			}
		})
	}
	h.join(ctx, t)
	hit, near, stop, err := h.outcome(ctx)
	for _, other := range h.lessons() {
		for _, k := range other.known {
			t.stores.learn(k)
		}
	}
	for _, s := range near {
		err = errors.Join(err, t.borrow(s))
	}
	return hit, stop, err
}

// borrow makes another machine's snapshot, of a canonical state, a near one of this one.
func (t *Timeline) borrow(s *snapshots.Snapshot) error {
	at := s.State.At
	if t.nearest(at.ICount).State.At == at {
		return nil
	}
	if err := t.store.Add(s); err != nil {
		return err
	}
	t.keepNear(t.nearest(at.ICount))
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
