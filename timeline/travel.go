// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"

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

// orReturn runs a search that may be cancelled or fail; if so, the machine goes
// back to where the search began.
func (t *Timeline) orReturn(ctx context.Context, search func() (Stop, error)) (Stop, error) {
	home := t.here()
	t.travelling = true
	defer func() { t.travelling = false }()
	stop, err := search()
	if t.cfg.Progress != nil {
		t.cfg.Progress(1, 1)
	}
	if err != nil || stop == StopInterrupted {
		err = errors.Join(err, t.goHome(home))
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

func (t *Timeline) goHome(p place) error {
	if p.snap != nil {
		err := t.restore(p.snap)
		t.diverged = p.diverged
		return err
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
	if begin := t.Begin(); target.Before(begin) { // at the same count
		target = begin
	}
	snap := t.nearest(n)
	// From here if that is on the way and no snapshot is nearer.
	if target.Before(at) || at.Before(snap.State.At) || t.diverged != nil {
		snap, err := t.restoreNear(func() *snapshots.Snapshot { return t.nearest(n) })
		if err != nil {
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
	})
}
