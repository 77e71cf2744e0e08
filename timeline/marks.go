// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"
)

// mark is an instruction count at which running forward stops. Like a breakpoint
// it belongs to the session and survives every jump in time.
type mark struct {
	at  uint64
	set bool
}

// SetMark makes Continue and StepForward stop when they come to count n, which must
// lie ahead and within the recording. There is one mark: setting it moves it.
func (t *Timeline) SetMark(n uint64) error {
	if now := t.m.Moment().ICount; n <= now {
		return fmt.Errorf("icount %d is in the past: the machine is at icount %d", n, now)
	}
	if n > t.End().ICount {
		return &OutsideError{n, t.Begin(), t.End()}
	}
	t.mark = mark{n, true}
	return nil
}

// ClearMark removes the mark, if there is one.
func (t *Timeline) ClearMark() error {
	t.mark = mark{}
	return nil
}

// runToMark is run, but stops at the mark if that is on the way.
func (t *Timeline) runToMark(ctx context.Context, until uint64) (Stop, error) {
	if !t.mark.set || t.mark.at <= t.m.Moment().ICount || t.mark.at > until {
		return t.run(ctx, until)
	}
	stop, err := t.run(ctx, t.mark.at)
	if stop == StopArrived {
		stop = StopMark
	}
	return stop, err
}

// ToMark goes to the mark, ahead or back. If ctx is cancelled it returns to where it
// began.
func (t *Timeline) ToMark(ctx context.Context) error {
	if !t.mark.set {
		return errors.New("there is no mark")
	}
	return t.SeekTo(ctx, t.mark.at)
}
