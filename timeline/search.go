// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"fmt"
	"log/slog"
	"math"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// quarry is what a search through the past looks for.
type quarry struct {
	// last runs from the present state up to a moment, and returns the last hit before
	// it, nil if there is none.
	last func(ctx context.Context, end machine.Moment) (*cpu.Hit, Stop, error)
	// trim returns the earliest moment of which it is known, without a run, that there is
	// no hit from it on and before another; that itself if none is.
	trim func(end machine.Moment) machine.Moment
	// shared says that the hits are those of the break- and watchpoints, for which other
	// machines can look too.
	shared bool
}

// points is a quarry: the break- and watchpoints.
func (t *Timeline) points() quarry {
	return quarry{last: t.search, trim: t.trim, shared: true}
}

// ReverseContinue runs back to the last break- or watchpoint hit before the present
// moment, to the mark if that comes first, or to the beginning. A hit at the present moment
// is none. A breakpoint is met before its instruction, and, going back, so is a watchpoint.
func (t *Timeline) ReverseContinue(ctx context.Context) (Stop, error) {
	return t.jump(func() (Stop, error) {
		t.looked = &looked{} // how far a seek is, nobody who waits for a search wants to know
		now, floor := t.m.Moment(), t.Begin()
		there := machine.Moment{ICount: t.mark.at}
		marked := t.mark.set && there.Before(now)
		if marked {
			floor = there
		}
		if len(t.breaks) > 0 || len(t.watches) > 0 {
			last, stop, err := t.lastBefore(ctx, t.points(), floor, now)
			if err != nil || stop == StopInterrupted {
				return stop, err
			}
			// One before the mark may have been met in the span in which that lies.
			if last != nil && last.Place() >= floor.ICount {
				return t.arrive(ctx, *last)
			}
		}
		if marked {
			stop, err := t.seek(ctx, there.ICount)
			if err == nil && stop == StopArrived {
				stop = StopMark
			}
			return stop, err
		}
		return t.toBegin()
	})
}

// lastBefore returns the last hit of a quarry before a moment; nil if there is none
// behind another moment, the floor. It leaves the machine anywhere.
func (t *Timeline) lastBefore(ctx context.Context, q quarry, floor, end machine.Moment) (*cpu.Hit, Stop, error) {
	t.noteStores()
	progress := &looked{all: end.ICount - floor.ICount}
	t.looked = progress
	// Span by span into the past; the first with a hit has the answer.
	alone := uint64(searchAlone)
	if !q.shared {
		alone = math.MaxUint64
	}
	for {
		next, ok := t.nextSpan(q, floor, end)
		switch {
		case ctx.Err() != nil:
			return nil, StopInterrupted, nil
		case !ok:
			return nil, StopArrived, nil
		case next.length() > alone && t.helpersWanted() > 0:
			last, stop, err := t.searchTogether(ctx, t.spans(q, floor, end))
			if err == nil {
				return last, stop, nil
			}
			// Alone it either works or says clearly what is wrong.
			slog.Warn("the past is searched with one machine", "err", err)
			alone = math.MaxUint64
		}
		progress.done.Add(end.ICount - next.to.ICount)
		end = next.to
		begin, err := t.restoreNear(func() *snapshots.Snapshot { return t.canonicalBefore(end) })
		if err != nil {
			return nil, 0, err
		}
		from := begin.State.At
		t.lookFrom(from.ICount)
		last, stop, err := q.last(ctx, end)
		if err != nil || stop == StopInterrupted || last != nil {
			return last, stop, err
		}
		progress.done.Add(end.ICount - from.ICount)
		alone -= min(alone, end.ICount-from.ICount)
		end = from
	}
}

// searchAlone is how many instructions this machine may search before others are asked to
// help: they have to restore a snapshot first.
const searchAlone = 8e6

// canonicalBefore returns the latest snapshot of a canonical state before a
// moment, or the beginning of history. From any other, a run would miss the hits at
// the snapshot's own count.
func (t *Timeline) canonicalBefore(m machine.Moment) *snapshots.Snapshot {
	at := m.ICount
	if m.Sub == 0 {
		at--
	}
	for {
		s := t.nearest(at)
		if s.State.At.Sub == 0 || s == t.begin {
			return s
		}
		at = s.State.At.ICount
	}
}

// search returns the last hit between here and a moment, nil if there is none.
//
// A pass stops only to have the rest of a stretch searched in pieces: at the first hit of a
// long one, so that the way to its last hit is short; and where there are more hits than are
// worth counting. Of the pieces the last with a hit has the answer, and the snapshot before
// that stays as a near one.
func (t *Timeline) search(ctx context.Context, end machine.Moment) (*cpu.Hit, Stop, error) {
	length := end.ICount - t.m.Moment().ICount
	enough := t.enough(length)
	if length >= long {
		enough = 1
	}
	last, stop, err := t.lastHit(ctx, end, enough)
	if err != nil || stop != StopBreak && stop != StopWatch {
		return last, stop, err
	}
	cuts, stop, err := t.cut(ctx, end)
	var before *snapshots.Snapshot
	for i := len(cuts) - 1; before == nil && err == nil && stop != StopInterrupted && i >= 0; i-- {
		found := cuts[i].last
		if cuts[i].more {
			var again *cpu.Hit
			if again, stop, err = t.searchAgain(ctx, cuts[i]); again != nil {
				found = again
			}
		}
		if found != nil {
			last, before = found, cuts[i].from
		}
	}
	if before == nil && len(cuts) > 0 {
		before = cuts[0].from // where the pass stopped
	}
	for _, p := range cuts {
		if p.from == before && last != nil && !(machine.Moment{ICount: last.Place()}).Before(p.from.State.At) {
			t.keepNear(p.from)
		} else {
			t.store.Delete(p.from)
		}
	}
	return last, stop, err
}

// lastHit runs from the present state up to a moment and returns the last hit before
// it, nil if there is none. After enough hits, unless that is 0, it stops
// at the last of them.
func (t *Timeline) lastHit(ctx context.Context, end machine.Moment, enough uint64) (*cpu.Hit, Stop, error) {
	pass := t.count
	if len(t.conditions) > 0 {
		pass = t.decide
	}
	found, stop, err := pass(ctx, end.ICount, enough)
	if err != nil || stop != StopArrived || end.Sub == 0 {
		return found, stop, err
	}
	// Breakpoints at its own count may lie before it.
	for {
		stop, err := t.run(ctx, end.ICount+1)
		switch at := t.m.Moment(); {
		case err == nil && stop == StopBreak && at.Before(end):
			found = &cpu.Hit{ICount: end.ICount, Addr: t.PC()}
			t.m.Engine.SkipBreak()
		case err == nil && stop == StopWatch && t.hit.By != "" && !end.Before(at):
			hit := t.hit // of the write that led here
			found = &hit
		case err == nil && stop != StopInterrupted:
			return found, StopArrived, nil // what it stopped at is no hit before the end
		default:
			return found, stop, err
		}
	}
}

// count runs until a count, while the engine counts the hits, and returns the last one.
func (t *Timeline) count(ctx context.Context, until, enough uint64) (found *cpu.Hit, stop Stop, err error) {
	n, last, err := t.counting(enough, func() error {
		stop, err = t.run(ctx, until)
		return err
	})
	if n > 0 {
		found = &last
	}
	return found, stop, err
}

// arrive goes to a hit.
func (t *Timeline) arrive(ctx context.Context, h cpu.Hit) (Stop, error) {
	if h.Watch != cpu.WatchNone {
		t.hit = h
		stop, err := t.seek(ctx, h.Place())
		if err == nil && stop == StopArrived {
			stop = StopWatch
		}
		return stop, err
	}
	stop, err := t.seek(ctx, h.Place())
	if err != nil || stop != StopArrived {
		return stop, err
	}
	// A hit at a handler's first instruction lies behind the delivery.
	for t.PC() != h.Addr {
		stop, err := t.run(ctx, h.ICount+1)
		if err != nil || stop == StopInterrupted {
			return stop, err
		}
		if stop != StopBreak {
			return 0, fmt.Errorf("going back to the breakpoint at %#x at icount %d: the second pass did not stop there", h.Addr, h.ICount)
		}
		t.m.Engine.SkipBreak()
	}
	return StopBreak, nil
}
