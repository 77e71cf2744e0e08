// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// pieces is how many a stretch is cut into.
const pieces = 8

// Tests change these numbers of instructions.
var (
	// long is how many a stretch has that is cut at its first hit: taking a snapshot costs as
	// much as a hundred thousand.
	long uint64 = 4e6
	// sparse is how many there are at least for each hit that is counted: that costs as much as
	// a hundred.
	sparse uint64 = 1000
	// smallest is how many a stretch has in which all hits are counted, if no more.
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
// through them. Behind one with more hits than are counted it leaves out the next, behind a
// second such the next two, then four. The snapshots are the caller's to delete.
func (t *Timeline) cut(ctx context.Context, end machine.Moment) (cuts []piece, stop Stop, err error) {
	begin, n := t.m.Moment().ICount, uint64(pieces)
	if end.ICount-begin < smallest {
		n = 1
	}
	length := (end.ICount - begin) / n
	next := func(more bool) *piece {
		p := piece{from: t.take(""), to: end, more: more}
		if i := uint64(len(cuts)) + 1; i < n {
			p.to = machine.Moment{ICount: begin + i*length}
		}
		cuts = append(cuts, p)
		return &cuts[len(cuts)-1]
	}
	for leave := 1; err == nil && stop != StopInterrupted && uint64(len(cuts)) < n; {
		p := next(false)
		p.last, stop, err = t.lastHit(ctx, p.to, t.enough(length))
		if err != nil || stop != StopBreak && stop != StopWatch {
			continue
		}
		p.more = true
		err = t.quietly(func() error {
			for left := leave; p.to != end; left-- {
				if stop, err = t.run(ctx, p.to.ICount); err != nil || stop != StopArrived || left == 0 {
					return err
				}
				p = next(true)
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
