// SPDX-License-Identifier: GPL-2.0-or-later

// Package timeline is time travel over a machine, its recording and snapshots:
// going to an instruction count, stepping and running forward and backward. The
// debugger, the monitor and the commands all use it.
//
// The past is snapshots plus replay. To be at N, the nearest snapshot at or
// before N is restored and the machine runs forward to N. Snapshots are taken in
// passing, so that one is near; breakpoints belong to the session and survive
// every jump; what lies under the present PC is no hit when going on from it, in
// either direction.
package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// Config is what a timeline travels over.
type Config struct {
	Machine *machine.Machine // switched off; its Inputs is Player
	Player  *replay.Player
	// Origin is the state in which the recording begins, if it goes on from a
	// moment of another one; nil: the machine is switched on.
	Origin *snapshots.Snapshot
	Policy Policy // of the snapshots taken while the machine runs forward
	// Persist, if not nil, keeps a named snapshot beyond this process.
	Persist func(*snapshots.Snapshot) error
	// Drop, if not nil, removes the named snapshot that was kept, if there is one.
	Drop func(name string) error
	// Progress, if not nil, is told how a seek, a search or a verification gets on: where
	// it is and where it goes; of a search into the past, how many instructions were looked
	// through and how many there are to look through at most. At last it is told at == to.
	Progress func(at, to uint64)
	// Spawn, if not nil, makes another machine on the calling thread, to search the past
	// with. It is called on threads other than the machine's.
	Spawn func() (*Instance, error)
	// Stage, if not nil, is told what Verify does from now on, in a few words.
	Stage func(what string)
}

// Timeline is a recording being replayed. All methods are called on the engine's
// thread; cancelling a context may be done from any.
type Timeline struct {
	debug
	cfg      Config
	store    *snapshots.Store
	checked  map[uint64]bool // the hash records that have been compared, by count
	near     []*snapshots.Snapshot
	visited  visited
	marked   checkpoints
	begin    *snapshots.Snapshot // the beginning of history
	diverged *replay.ErrDiverged // why the machine cannot go on from here
	first    error               // the first time that was so
	// travelling says that the machine runs to get somewhere, not to be watched.
	travelling bool
	looked     *looked // nil unless the past is searched
	mark       mark
	helpers    []*helper
	stores     stores
	leftOut    map[string]bool // the places for which it was told that snapshots are left out
}

// New switches the machine on at the beginning of the recording.
func New(cfg Config) (*Timeline, error) {
	store, err := snapshots.NewStore(&memory{cfg.Machine})
	if err != nil {
		return nil, err
	}
	t := &Timeline{debug: debug{m: cfg.Machine, pace: newPacer(cfg.Policy)}, cfg: cfg, store: store, checked: map[uint64]bool{},
		leftOut: map[string]bool{}}
	cfg.Player.Clock = cfg.Machine.Clock.Now
	cfg.Machine.OnOutside(t.meetOutside)
	if cfg.Origin != nil {
		if err := t.restore(cfg.Origin); err != nil {
			return nil, err
		}
	} else if err := cfg.Machine.PowerOn(); err != nil {
		return nil, err
	}
	t.begin = t.take("")
	t.begin.Pinned = true
	return t, nil
}

// Player returns the recording.
func (t *Timeline) Player() *replay.Player { return t.cfg.Player }

// Begin returns the moment at which the recording begins.
func (t *Timeline) Begin() machine.Moment { return t.begin.State.At }

// End returns the moment at which the recording ends.
func (t *Timeline) End() machine.Moment { return t.cfg.Player.End().At }

// run runs forward until a count, checks the hash records that it passes and
// leaves snapshots. Where the replay has diverged it stays: what follows never happened.
func (t *Timeline) run(ctx context.Context, until uint64) (stop Stop, err error) {
	if t.diverged != nil {
		return 0, t.diverged
	}
	err = t.interruptible(ctx, func() error {
		stop, err = t.forward(until, t.nextPause, func(_, at uint64) error {
			t.tell(at, until)
			return t.pause(at)
		})
		return err
	})
	if errors.As(err, &t.diverged) && t.first == nil {
		t.first = err
	}
	return stop, err
}

// Diverged returns how the replay first turned out not to be the recorded run, nil
// if it has not, also after the machine has gone elsewhere.
func (t *Timeline) Diverged() error { return t.first }

// Stuck returns why the machine cannot go on from where it is: the replay diverged
// there. It is nil if the machine can.
func (t *Timeline) Stuck() error {
	if t.diverged == nil {
		return nil
	}
	return t.diverged
}

// nextPause returns the count above now of the next hash record or snapshot.
func (t *Timeline) nextPause(now uint64) uint64 {
	next := t.pace.next(now)
	if t.pace.Every < Never {
		next = min(next, (now/stride+1)*stride)
	}
	for h, ok := t.cfg.Player.NextHash(now); ok && h.ICount < next; h, ok = t.cfg.Player.NextHash(h.ICount) {
		if !t.checked[h.ICount] {
			return h.ICount
		}
	}
	return next
}

// pause does what is due in the canonical state at count n.
func (t *Timeline) pause(n uint64) error {
	if h, ok := t.cfg.Player.HashAt(n); ok && !t.checked[n] {
		if err := t.check(h); err != nil {
			return err
		}
		t.checked[n] = true
	}
	if n%t.pace.Every == 0 {
		t.takeAutomatic(n)
	}
	if n%stride == 0 && t.pace.Every < Never {
		t.takeNear()
	}
	return nil
}

// check compares the machine's state with a hash record.
func (t *Timeline) check(want replay.StateHash) *replay.ErrDiverged {
	got := stateHash(t.m)
	diverged := func(what string, want, got any) *replay.ErrDiverged {
		return &replay.ErrDiverged{At: t.m.Moment(), What: what, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
	}
	switch {
	case got.ConsoleBytes != want.ConsoleBytes:
		return diverged("the bytes on the console", want.ConsoleBytes, got.ConsoleBytes)
	case got.ConsoleHash != want.ConsoleHash:
		return diverged("the hash of the console output", want.ConsoleHash, got.ConsoleHash)
	case len(got.Parts) != len(want.Parts):
		return diverged("the parts that the machine's state has", len(want.Parts), len(got.Parts))
	}
	var parts, wants, gots []string
	for i, name := range t.m.Parts() {
		if got.Parts[i] != want.Parts[i] {
			parts = append(parts, name)
			wants = append(wants, fmt.Sprintf("%016x", want.Parts[i]))
			gots = append(gots, fmt.Sprintf("%016x", got.Parts[i]))
		}
	}
	if parts == nil {
		return nil
	}
	return diverged("the state of "+strings.Join(parts, ", "), "hash "+strings.Join(wants, ", "), strings.Join(gots, ", "))
}

// StepForward executes n instructions. A breakpoint, a watchpoint or the mark on the
// way stops it.
func (t *Timeline) StepForward(ctx context.Context, n uint64) (Stop, error) {
	t.m.Engine.SkipBreak()
	now := t.m.Moment().ICount
	return t.runToMark(ctx, now+min(n, math.MaxUint64-now))
}

// Continue runs forward until a breakpoint, a watchpoint, the mark or the end of
// history.
func (t *Timeline) Continue(ctx context.Context) (Stop, error) {
	stop, err := t.StepForward(ctx, math.MaxUint64)
	if err == nil && stop != StopInterrupted { // others have something done in between
		t.visited.add(t.visit())
	}
	return stop, err
}
