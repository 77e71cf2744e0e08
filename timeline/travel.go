// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// OutsideError is a wish to go where the recording does not reach.
type OutsideError struct {
	Want       uint64
	Begin, End machine.Moment
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("icount %d is outside of the recording, which goes from %v to %v", e.Want, e.Begin, e.End)
}

// Seek goes to the canonical state at a count, or to the beginning of history if
// that is at this count. If ctx is cancelled it returns to
// where it began and reports StopInterrupted.
func (t *Timeline) Seek(ctx context.Context, n uint64) (Stop, error) {
	if n > t.End().ICount || n < t.Begin().ICount {
		return 0, &OutsideError{n, t.Begin(), t.End()}
	}
	return t.jump(func() (Stop, error) { return t.seek(ctx, n) })
}

// SeekTo is Seek for those who want to be there or hear why not.
func (t *Timeline) SeekTo(ctx context.Context, n uint64) error {
	stop, err := t.Seek(ctx, n)
	return arrived(stop, err, "going to icount %d", n)
}

// arrived returns why a journey, which the rest describes, did not come to its goal; nil
// if it did.
func arrived(stop Stop, err error, format string, args ...any) error {
	if err == nil && stop != StopArrived {
		err = fmt.Errorf(format+": %v", append(args, stop)...)
	}
	return err
}

// orReturn runs a search that may be cancelled or fail; if so, the machine goes
// back to where the search began.
func (t *Timeline) orReturn(search func() (Stop, error)) (Stop, error) {
	return t.orReturnTo(t.here(), search)
}

func (t *Timeline) orReturnTo(home place, search func() (Stop, error)) (Stop, error) {
	t.travelling = true
	defer func() { t.travelling, t.looked = false, nil }()
	stop, err := search()
	if t.cfg.Progress != nil {
		t.cfg.Progress(1, 1)
	}
	if err != nil || stop == StopInterrupted {
		_, failed := t.goTo(context.Background(), home)
		err = errors.Join(err, failed)
	}
	return stop, err
}

// toBegin goes to the beginning of history.
func (t *Timeline) toBegin() (Stop, error) {
	if err := t.restore(t.begin); err != nil {
		return 0, err
	}
	return StopBegin, nil
}

// place is a position that can be returned to: a canonical state, or the state
// itself where it is not one.
type place struct {
	at       machine.Moment
	snap     *snapshots.Snapshot // of a state that is not canonical
	diverged *replay.ErrDiverged // of that
}

func (t *Timeline) here() place {
	p := place{at: t.m.Moment(), diverged: t.diverged}
	if p.at.Sub != 0 || t.diverged != nil {
		p.snap = t.Snapshot()
	}
	return p
}

// goTo goes to a place.
func (t *Timeline) goTo(ctx context.Context, p place) (Stop, error) {
	if p.snap != nil {
		err := t.restore(p.snap)
		t.diverged = p.diverged
		return StopArrived, err
	}
	return t.seek(ctx, p.at.ICount)
}

// seek is Seek without the return.
func (t *Timeline) seek(ctx context.Context, n uint64) (stop Stop, err error) {
	err = t.quietly(func() error {
		stop, err = t.seekQuiet(ctx, n)
		return err
	})
	return stop, err
}

// seekQuiet is seek with nothing in the way.
func (t *Timeline) seekQuiet(ctx context.Context, n uint64) (stop Stop, err error) {
	target, at := machine.Moment{ICount: n}, t.m.Moment()
	if begin := t.Begin(); target.Before(begin) { // at the same count
		target = begin
	}
	snap := t.nearest(n)
	from := snap.State.At.ICount
	// From here if that is on the way and no snapshot is nearer.
	if target.Before(at) || at.Before(snap.State.At) || t.diverged != nil {
		if snap, err = t.restoreNear(func() *snapshots.Snapshot { return t.nearest(n) }); err != nil {
			return 0, err
		}
		t.useNear(snap)
		from = snap.State.At.ICount
	}
	for {
		next := nextRung(from, t.m.Moment().ICount, n)
		stop, err := t.run(ctx, next)
		if stop == StopEnd && t.m.Moment().ICount == n {
			stop = StopArrived // at the very instruction that ended the run
		}
		if err != nil || stop != StopArrived || next == n {
			return stop, err
		}
		t.takeNear()
	}
}

// StepBack goes back n instructions. A watchpoint that the instruction now ahead hits is
// told of, one before it is not.
func (t *Timeline) StepBack(ctx context.Context, n uint64) (Stop, error) {
	return t.orReturn(func() (Stop, error) {
		stop, err := t.stepBack(ctx, n)
		if err != nil || stop != StopArrived || len(t.watches) == 0 {
			return stop, err
		}
		return t.lookAhead(ctx)
	})
}

// lookAhead reports StopWatch if the next instruction hits a watchpoint.
func (t *Timeline) lookAhead(ctx context.Context) (stop Stop, err error) {
	at := t.m.Moment().ICount
	hits, last, err := t.counting(0, func() error {
		stop, err = t.run(ctx, at+1)
		return err
	})
	if err != nil || stop == StopInterrupted {
		return stop, err
	}
	if stop, err = t.seek(ctx, at); err == nil && stop == StopArrived && hits > 0 && last.Watch != cpu.WatchNone {
		t.hit = last
		return StopWatch, nil
	}
	return stop, err
}

func (t *Timeline) stepBack(ctx context.Context, n uint64) (Stop, error) {
	at, pc := t.m.Moment(), t.PC()
	if begin := t.Begin(); n > at.ICount-begin.ICount || at == begin {
		return t.toBegin()
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
}
