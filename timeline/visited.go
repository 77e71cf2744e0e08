// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu"
)

// maxVisited bounds how many positions are remembered; the oldest go.
const maxVisited = 100

// visited are the positions at which a jump began or ended, or a run forward ended, in
// the order of the visits, like the pages of a browser. Steps make none.
type visited struct {
	list []visit
	now  int // the one where the session is, or from which steps have led away
}

// visit is a position, and how to come there again.
type visit struct {
	place
	delivered bool   // it is the first instruction of a handler, behind a delivery
	pc        uint64 // which that is
}

// add notes a visit. Those that going back has left behind are forgotten.
func (v *visited) add(p visit) {
	if len(v.list) > 0 {
		if v.list[v.now].at == p.at {
			return
		}
		v.list = v.list[:v.now+1]
	}
	v.list = append(v.list, p)
	if len(v.list) > maxVisited {
		v.list = v.list[1:]
	}
	v.now = len(v.list) - 1
}

// visit returns the present position.
func (t *Timeline) visit() visit {
	if at := t.m.Moment(); at.Sub != 0 && t.diverged == nil && t.m.Engine.Delivered() {
		return visit{place{at: at}, true, t.PC()} // a snapshot would take room for long
	}
	return visit{place: t.here()}
}

// jump makes a journey that is noted, and returns to where it began if it is cancelled
// or fails.
func (t *Timeline) jump(journey func() (Stop, error)) (Stop, error) {
	from := t.visit()
	// The way back is short even if the near snapshots here are forgotten meanwhile.
	home := from.place
	if home.snap == nil {
		home.snap = t.Snapshot()
	}
	stop, err := t.orReturnTo(home, journey)
	if err == nil && stop != StopInterrupted {
		t.visited.add(from)
		t.visited.add(t.visit())
	}
	return stop, err
}

// There is no such position at all.
var (
	ErrNoEarlier = errors.New("there is no position to go back to")
	ErrNoLater   = errors.New("there is no position to go forward to")
)

// Back goes n positions back among those visited, n from 1; the first of them is the one
// visited last, if steps have led away from it. It returns to where it began if ctx is
// cancelled, and stays there if there are fewer positions.
func (t *Timeline) Back(ctx context.Context, n int) error {
	have := t.visited.now
	if len(t.visited.list) > 0 && t.visited.list[have].at != t.m.Moment() {
		have++
	}
	switch {
	case have == 0:
		return ErrNoEarlier
	case n > have:
		return fmt.Errorf("there are not %d positions to go back to, but %d", n, have)
	}
	return t.revisit(ctx, have-n)
}

// Forward goes n positions forward, n from 1, to those from which Back came. It returns
// or stays as Back does.
func (t *Timeline) Forward(ctx context.Context, n int) error {
	have := len(t.visited.list) - 1 - t.visited.now
	switch {
	case have <= 0:
		return ErrNoLater
	case n > have:
		return fmt.Errorf("there are not %d positions to go forward to, but %d", n, have)
	}
	return t.revisit(ctx, t.visited.now+n)
}

func (t *Timeline) revisit(ctx context.Context, i int) error {
	p := t.visited.list[i]
	stop, err := t.orReturn(func() (stop Stop, err error) {
		if !p.delivered {
			return t.goTo(ctx, p.place)
		}
		err = t.withPoints([]uint64{p.pc}, nil, func() error {
			stop, err = t.arrive(ctx, cpu.Hit{ICount: p.at.ICount, Addr: p.pc})
			return err
		})
		if stop == StopBreak {
			stop = StopArrived
		}
		return stop, err
	})
	if err = arrived(stop, err, "going to %v", p.at); err == nil {
		t.visited.now = i
	}
	return err
}
