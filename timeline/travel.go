// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"fmt"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// OutsideError is a wish to go where the recording does not reach.
type OutsideError struct {
	Want uint64
	End  machine.Moment
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("icount %d is outside of the recording, which ends at %v", e.Want, e.End)
}

// Seek goes to the canonical state at a count. If ctx is cancelled it returns to
// where it began and reports StopInterrupted.
func (t *Timeline) Seek(ctx context.Context, n uint64) (Stop, error) {
	if n > t.End().ICount {
		return 0, &OutsideError{n, t.End()}
	}
	return t.orReturn(ctx, func() (Stop, error) { return t.seek(ctx, n) })
}

// SeekTo is Seek for those who want to be there or hear why not.
func (t *Timeline) SeekTo(ctx context.Context, n uint64) error {
	stop, err := t.Seek(ctx, n)
	if err == nil && stop != StopArrived {
		err = fmt.Errorf("going to icount %d: %v", n, stop)
	}
	return err
}

// orReturn runs a search that may be cancelled; if it is, the machine goes back
// to where the search began.
func (t *Timeline) orReturn(ctx context.Context, search func() (Stop, error)) (Stop, error) {
	home := t.here()
	stop, err := search()
	if err == nil && stop == StopInterrupted {
		err = t.goHome(home)
	}
	return stop, err
}

// place is a position that can be returned to: a canonical state, or the state
// itself where it is not one.
type place struct {
	at   machine.Moment
	snap *snapshots.Snapshot // of a state that is not canonical
}

func (t *Timeline) here() place {
	p := place{at: t.m.Moment()}
	if p.at.Sub != 0 {
		p.snap = t.take("")
		t.store.Delete(p.snap)
	}
	return p
}

func (t *Timeline) goHome(p place) error {
	if p.snap != nil {
		return t.restore(p.snap)
	}
	_, err := t.seek(context.Background(), p.at.ICount)
	return err
}

// leap is how far from a snapshot a seek may land without leaving a new one
// nearer, and nearer how near that is, in instructions: about 4 ms and 1 ms.
const (
	leap   = 4e6
	nearer = 1e6
)

// seek is Seek without the return.
func (t *Timeline) seek(ctx context.Context, n uint64) (stop Stop, err error) {
	err = t.withoutBreaks(func() error {
		stop, err = t.seekQuiet(ctx, n)
		return err
	})
	return stop, err
}

// seekQuiet is seek with no breakpoint in the way.
func (t *Timeline) seekQuiet(ctx context.Context, n uint64) (Stop, error) {
	target, at := machine.Moment{ICount: n}, t.m.Moment()
	snap := t.store.Nearest(target)
	if snap == nil {
		return 0, fmt.Errorf("going to icount %d: there is no snapshot before it", n)
	}
	// From here if that is on the way and no snapshot is nearer.
	if target.Before(at) || at.Before(snap.State.At) {
		if err := t.restore(snap); err != nil {
			return 0, err
		}
		if from := snap.State.At.ICount; n-from > leap {
			if stop, err := t.run(ctx, n-nearer); err != nil || stop != StopArrived {
				return stop, err
			}
			t.takeNear()
		}
	}
	stop, err := t.run(ctx, n)
	if stop == StopEnd && t.m.Moment().ICount == n {
		stop = StopArrived // at the very instruction that ended the run
	}
	return stop, err
}

// StepBack goes back n instructions.
func (t *Timeline) StepBack(ctx context.Context, n uint64) (Stop, error) {
	at := t.m.Moment()
	return t.orReturn(ctx, func() (Stop, error) {
		pc := t.PC()
		if n > at.ICount {
			stop, err := t.seek(ctx, 0)
			if err == nil && stop == StopArrived {
				stop = StopBegin
			}
			return stop, err
		}
		// Behind the delivery of an interrupt, the step before is the state in
		// which it was not delivered yet. It looks different; a state that only
		// waited or took input does not.
		if at.Sub != 0 {
			if stop, err := t.seek(ctx, at.ICount); err != nil || stop != StopArrived {
				return stop, err
			}
			if t.PC() != pc {
				n--
			}
		}
		return t.seek(ctx, at.ICount-n)
	})
}

// hit is a stop at a breakpoint.
type hit struct {
	at machine.Moment
	pc uint64
}

// ReverseContinue runs back to the last breakpoint hit before the present moment,
// or to the beginning. A hit at the present moment is none.
func (t *Timeline) ReverseContinue(ctx context.Context) (Stop, error) {
	return t.orReturn(ctx, func() (Stop, error) {
		end, zero := t.m.Moment(), machine.Moment{}
		if len(t.breaks) == 0 {
			end = zero
		}
		// Interval by interval into the past; the first with a hit has the answer.
		for zero.Before(end) {
			begin := t.canonicalBefore(end)
			if err := t.restore(begin); err != nil {
				return 0, err
			}
			last, stop, err := t.lastHit(ctx, end)
			if err != nil || stop == StopInterrupted {
				return stop, err
			}
			if last != nil {
				return t.arrive(ctx, *last)
			}
			end = begin.State.At
		}
		stop, err := t.seek(ctx, 0)
		if err == nil && stop == StopArrived {
			stop = StopBegin
		}
		return stop, err
	})
}

// canonicalBefore returns the latest snapshot of a canonical state before a
// moment. From any other, a run would miss the hits at the snapshot's own count.
func (t *Timeline) canonicalBefore(m machine.Moment) *snapshots.Snapshot {
	at := m.ICount
	if m.Sub == 0 {
		at--
	}
	for {
		s := t.store.Nearest(machine.Moment{ICount: at})
		if s.State.At.Sub == 0 {
			return s
		}
		at = s.State.At.ICount
	}
}

// lastHit runs from the present state up to a moment and returns the last
// breakpoint hit before it, nil if there is none.
func (t *Timeline) lastHit(ctx context.Context, end machine.Moment) (*hit, Stop, error) {
	var last *hit
	until := end.ICount
	if end.Sub != 0 {
		until++ // the hits at its own count lie behind the canonical state
	}
	for {
		stop, err := t.run(ctx, until)
		if err != nil || stop != StopBreak {
			return last, stop, err
		}
		if !t.m.Moment().Before(end) {
			return last, StopArrived, nil
		}
		last = &hit{t.m.Moment(), t.PC()}
		t.m.Engine.SkipBreak()
	}
}

// arrive goes to a hit.
func (t *Timeline) arrive(ctx context.Context, h hit) (Stop, error) {
	stop, err := t.seek(ctx, h.at.ICount)
	if err != nil || stop != StopArrived {
		return stop, err
	}
	// A hit at a handler's first instruction lies behind the delivery.
	for t.PC() != h.pc || t.m.Moment() != h.at && h.at.Sub != 0 {
		stop, err := t.run(ctx, h.at.ICount+1)
		if err != nil || stop == StopInterrupted {
			return stop, err
		}
		if stop != StopBreak {
			return 0, fmt.Errorf("going back to the breakpoint at %#x at %v: the second pass did not stop there", h.pc, h.at)
		}
		if t.PC() != h.pc {
			t.m.Engine.SkipBreak()
		}
	}
	return StopBreak, nil
}
