// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
)

// NotFoundError says that there is none of what was looked for between the present
// moment and the end of the recording that the search went to.
type NotFoundError struct {
	What string // as in "there is no ..."
	From machine.Moment
	Back bool
}

func (e *NotFoundError) Error() string {
	side := "after"
	if e.Back {
		side = "before"
	}
	return fmt.Sprintf("there is no %s %s %v", e.What, side, e.From)
}

// The kinds of event that are no machine.InputKind.
const (
	anyInput     = "input"
	snapshotNote = "snapshot"
	endNote      = "end"
)

// eventKinds lists the words for the kinds of event that ToEvent knows.
func eventKinds() []string {
	kinds := []string{anyInput, snapshotNote, endNote}
	for k := machine.InputSerial; k <= machine.InputFrame; k++ {
		if k != machine.InputEnd { // it is at the recording's end
			kinds = append(kinds, k.String())
		}
	}
	return kinds
}

// ToEvent goes to the next event of a kind in the log, or back to the last: to the
// canonical state at its count, before it has an effect. An event at the present count
// is neither. The kind "end" is the recording's end, however it came. If ctx is cancelled it returns to where it began.
func (t *Timeline) ToEvent(ctx context.Context, kind string, back bool) (replay.Record, error) {
	if kinds := eventKinds(); !slices.Contains(kinds, kind) {
		return replay.Record{}, fmt.Errorf("there are no events of kind %q: want one of %s", kind, strings.Join(kinds, ", "))
	}
	now := t.m.Moment()
	from, to := machine.Moment{ICount: now.ICount + 1}, machine.Moment{ICount: math.MaxUint64}
	if back {
		from, to = t.Begin(), now
	}
	found, err := t.event(ctx, kind, from, to, back)
	switch {
	case err != nil:
		return replay.Record{}, err
	case found == nil:
		return replay.Record{}, &NotFoundError{fmt.Sprintf("event of kind %q", kind), now, back}
	}
	return *found, t.SeekTo(ctx, found.At.ICount)
}

// event returns the first or the last event of a kind from one moment on and before
// another; nil if there is none.
func (t *Timeline) event(ctx context.Context, kind string, from, to machine.Moment, last bool) (found *replay.Record, err error) {
	if kind == endNote {
		if end := t.end(); !end.At.Before(from) && end.At.Before(to) {
			found = &end
		}
		return found, nil
	}
	records := t.cfg.Player.EventsBetween(from, to)
	if kind == snapshotNote {
		records = t.cfg.Player.Records() // a note is no event
	}
	for r, err := range records {
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading the log: %w", err)
		case ctx.Err() != nil:
			return nil, errors.New("looking through the log: interrupted")
		case r.At.Before(from) || !r.At.Before(to) || !isEvent(&r, kind):
			continue
		}
		found = &r
		if !last {
			break
		}
	}
	return found, nil
}

// end returns the record of the recording's end; a recording that was cut off has none,
// and ends where its log does.
func (t *Timeline) end() replay.Record {
	end := t.cfg.Player.End()
	if end.CutOff != nil {
		end.Reason = "the recording was cut off"
	}
	return replay.Record{Kind: replay.KindEnd, At: end.At, Now: end.Now, Hash: end.Final, Reason: end.Reason}
}

func isEvent(r *replay.Record, kind string) bool {
	switch kind {
	case snapshotNote:
		return r.Kind == replay.KindSnapshot
	case anyInput:
		return r.Kind == replay.KindInput
	}
	return r.Kind == replay.KindInput && r.Input.Kind.String() == kind
}
