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

// searchAlone is how many instructions are searched before others are asked to help:
// they have to restore a snapshot first.
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
// A pass stops only to cut the rest of a stretch into pieces: at its first hit, if it is a
// long one, so that some snapshot is near to the last; or where it has more hits than are worth counting.
// Of the pieces the last with a hit has the answer, and is looked through again if it has too many.
func (t *Timeline) search(ctx context.Context, end machine.Moment) (*cpu.Hit, Stop, error) {
	length := end.ICount - t.m.Moment().ICount
	enough := t.enough(length)
	if length >= long {
		enough = 1
	}
	first, stop, err := t.lastHit(ctx, end, enough)
	if err != nil || stop != StopBreak && stop != StopWatch {
		return first, stop, err
	}
	cuts, stop, err := t.cut(ctx, end)
	last, i := first, len(cuts)-1
	for ; err == nil && stop != StopInterrupted && i >= 0; i-- {
		found := cuts[i].last
		if cuts[i].more {
			found, stop, err = t.searchAgain(ctx, cuts[i])
		}
		if found != nil {
			last = found
			break
		}
	}
	for j, p := range cuts {
		if j == max(i, 0) {
			t.keepNear(p.from)
		} else {
			t.store.Delete(p.from)
		}
	}
	return last, stop, err
}

const (
	// pieces is how many a stretch is cut into.
	pieces = 8
	// long is how many instructions there are at least in a stretch that is cut at its first
	// hit: taking a snapshot costs as much as a hundred thousand.
	long = 4e6
)

// Counting a hit costs as much as a hundred instructions: sparse is how many there are at
// least for each that is counted, smallest how many in a stretch in which all are. Tests
// change them.
var (
	sparse   uint64 = 1000
	smallest uint64 = 64e3
)

// enough returns at how many hits a pass through so many instructions stops; 0: at none.
func (t *Timeline) enough(length uint64) uint64 {
	switch {
	case len(t.conditions) > 0:
		return manyDecisions
	case length < smallest:
		return 0
	}
	return max(1, length/sparse)
}

// piece is a part of a stretch that is searched.
type piece struct {
	from *snapshots.Snapshot
	to   machine.Moment
	last *cpu.Hit // that was met in it; nil: none was
	more bool     // not all of it was looked through
}

// cut divides the stretch from here up to a moment into pieces of equal length, and looks
// through them. Behind one with more hits than are counted it leaves out the next, behind a second such
// the next two, and so on. The snapshots are the caller's to delete.
func (t *Timeline) cut(ctx context.Context, end machine.Moment) (cuts []piece, stop Stop, err error) {
	begin := t.m.Moment().ICount
	length := (end.ICount - begin) / pieces
	next := func(more bool) {
		p := piece{from: t.take(""), to: end, more: more}
		if n := uint64(len(cuts)) + 1; n < pieces {
			p.to = machine.Moment{ICount: begin + n*length}
		}
		cuts = append(cuts, p)
	}
	toNext := func() bool {
		to := cuts[len(cuts)-1].to
		if to == end {
			return false
		}
		stop, err = t.run(ctx, to.ICount)
		return err == nil && stop == StopArrived
	}
	for leave := 1; err == nil && stop != StopInterrupted && len(cuts) < pieces; {
		next(false)
		p := &cuts[len(cuts)-1]
		if p.last, stop, err = t.lastHit(ctx, p.to, t.enough(length)); err != nil || stop != StopBreak && stop != StopWatch {
			continue
		}
		p.more = true
		t.quietly(func() error {
			for n := 0; toNext() && n < leave; n++ {
				next(true)
			}
			return nil
		})
		leave *= 2
	}
	return cuts, stop, err
}

// searchAgain returns the last hit in a piece that has more than were counted.
func (t *Timeline) searchAgain(ctx context.Context, p piece) (*cpu.Hit, Stop, error) {
	if err := t.restore(p.from); err != nil {
		return nil, 0, err
	}
	if len(t.conditions) > 0 {
		return t.lastHit(ctx, p.to, 0) // nothing is decided on more than once more
	}
	return t.search(ctx, p.to)
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
