// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// Verify runs the rest of the recording and compares the state with every hash
// record, with every snapshot that is known, and with the final state. If one
// differs it goes back and finds out what it can: the error is a *Divergence, which
// wraps a *replay.ErrDiverged. A snapshot that cannot be read stops nothing: the error
// says so in the end, with StopEnd. Another error says why it could not run. If ctx
// is cancelled it reports StopInterrupted, and the machine is anywhere.
func (t *Timeline) Verify(ctx context.Context) (Stop, error) {
	if t.diverged != nil {
		return 0, t.diverged
	}
	v := &verifier{Timeline: t, ctx: ctx, from: t.m.Moment()}
	v.stage("verifying")
	err := t.quietly(v.verify)
	errors.As(err, &t.diverged)
	if d := (*Divergence)(nil); errors.As(err, &d) {
		t.addEvents(d)
	}
	switch {
	case errors.Is(err, errStopped):
		return StopInterrupted, nil
	case err != nil:
		return 0, err
	}
	if n := len(v.unread); n > 1 {
		return StopEnd, fmt.Errorf("%d snapshots cannot be read; the first: %w", n, v.unread[0])
	}
	return StopEnd, errors.Join(v.unread...)
}

// errStopped is a run that was interrupted.
var errStopped = errors.New("the verification was interrupted")

// verifier is a Verify in progress.
type verifier struct {
	*Timeline
	ctx  context.Context
	from machine.Moment      // where it began
	good *snapshots.Snapshot // the last state that was the recorded one
	// unread is what is wrong with snapshots that could not be read.
	unread []error
}

func (v *verifier) stage(what string) {
	if v.cfg.Stage != nil {
		v.cfg.Stage(what)
	}
}

// goal is a place where the recording says what the state is.
type goal struct {
	until uint64 // the count to run to
	hash  *replay.StateHash
	snap  *snapshots.Snapshot
	end   bool
}

// goals lists what is ahead, in order: hash records, known snapshots, the end.
func (v *verifier) goals() []goal {
	now := v.m.Moment()
	var all []goal
	for h, ok := v.cfg.Player.NextHash(now.ICount); ok; h, ok = v.cfg.Player.NextHash(h.ICount) {
		all = append(all, goal{until: h.ICount, hash: &h})
	}
	for _, s := range v.store.List() {
		if !s.State.At.Before(now) && v.inRecording(s) == nil {
			all = append(all, goal{until: comparable(s.State.At), snap: s})
		}
	}
	slices.SortStableFunc(all, func(a, b goal) int { return cmp.Compare(a.until, b.until) })
	return append(all, goal{until: math.MaxUint64, end: true})
}

// comparable returns the count at which a snapshot is compared: its own, or, as a
// replay stops at canonical states only, that of the instruction behind it.
func comparable(at machine.Moment) uint64 {
	if at.Sub != 0 {
		return at.ICount + 1
	}
	return at.ICount
}

func (v *verifier) verify() error {
	v.markGood()
	all := v.goals()
	for i, g := range all {
		if g.end {
			v.forget() // this once, all of RAM is looked at
		}
		o, err := v.pass(straight, g)
		if err != nil {
			return err
		}
		if o.diverged != nil {
			return v.explain(o, all[i:])
		}
		if g.hash != nil {
			v.checked[g.until] = true
		}
		if !g.end {
			v.markGood()
		}
		v.progress(v.m.Moment().ICount)
	}
	return nil
}

// markGood notes that the present state is the recorded one.
func (v *verifier) markGood() { v.good = v.Snapshot() }

// forget makes the next comparison, snapshot and restore look at all of RAM.
func (v *verifier) forget() {
	v.store.Forget()
	v.m.Rehash()
}

// outcome is what a pass led to.
type outcome struct {
	at       machine.Moment
	hash     machine.Hash
	diverged *replay.ErrDiverged // nil: it is what the recording says
	stuck    bool                // and it cannot go on: the machine wants what the log does not have
}

// same reports whether two passes led to the same state.
func (o outcome) same(p outcome) bool { return o.at == p.at && o.hash == p.hash }

// pass runs from the present state to a goal and compares the state there.
func (v *verifier) pass(w way, g goal) (o outcome, err error) {
	if err := v.advance(w, g.until); err == nil {
		o.diverged, err = v.compare(g)
		if err != nil {
			return o, err
		}
	} else if o.stuck = errors.As(err, &o.diverged); !o.stuck {
		return o, err
	}
	o.at, o.hash = v.m.Moment(), v.m.Hash()
	return o, nil
}

// compare compares the machine, which is at a goal, with it.
func (v *verifier) compare(g goal) (diverged *replay.ErrDiverged, err error) {
	var unreadable *snapshots.UnreadableError
	switch end := v.cfg.Player.End(); {
	case g.snap != nil:
		list, err := v.compareKept(g.snap)
		switch {
		case errors.As(err, &diverged):
			return diverged, nil
		case errors.As(err, &unreadable):
			v.unread = append(v.unread, err)
			return nil, nil
		case err != nil || len(list) == 0:
			return nil, err
		}
		return differs(g.snap, list), nil
	case g.hash != nil:
		return v.check(*g.hash), nil
	case end.CutOff == nil: // else there is no final state
		return v.check(end.Final), nil
	}
	return nil, nil
}

// advance runs the machine in some way to a count or to the end of the recording. An
// error may be a *replay.ErrDiverged, or errStopped.
func (v *verifier) advance(w way, until uint64) error {
	if v.ctx.Err() != nil {
		return errStopped
	}
	return v.interruptible(v.ctx, func() error {
		shown := v.m.Moment().ICount
		w.begin(v.m)
		stop, err := v.forward(until, w.next, func(_, at uint64) error {
			if at < until {
				w.between(v.m, at)
			}
			if at-shown >= look {
				v.progress(at)
				shown = at
			}
			return nil
		})
		switch {
		case err != nil:
			return err
		case stop == StopEnd:
			return v.ended()
		case stop == StopInterrupted:
			return errStopped
		}
		return nil
	})
}

func (v *verifier) progress(at uint64) {
	if v.cfg.Progress != nil {
		v.cfg.Progress(at, v.End().ICount)
	}
}

// ended says whether the run ended where the recording does.
func (v *verifier) ended() error {
	at, end := v.m.Moment(), v.cfg.Player.End()
	if at == end.At || end.CutOff != nil && end.At.Before(at) {
		return nil
	}
	return &replay.ErrDiverged{At: at, What: "the end of the run", Want: end.At.String(), Got: at.String()}
}
