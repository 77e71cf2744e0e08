// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"slices"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// Near snapshots make the next step back cheap. A machine that somebody may want to
// take back leaves one each stride; a seek leaves some on the way to its goal, the
// nearer the closer to each other, for who steps back once will do it again. Taking one
// costs about as much as running for 100,000 instructions, and keeping it only the pages
// that change.

// stride is how many instructions apart a run forward leaves them.
const stride = 25e6

// rungs are their distances from the goal of a seek, in instructions.
var rungs = []uint64{16e6, 4e6, 1e6, 256e3, 64e3, 16e3, 4e3, 1e3}

// maxNear bounds how many of them there are.
const maxNear = 64

// takeNear leaves a near snapshot here, unless there is a snapshot of this moment.
func (t *Timeline) takeNear() {
	if s := t.nearest(t.m.Moment().ICount); s.State.At == t.m.Moment() {
		return
	}
	t.keepNear(t.take(""))
}

// keepNear makes a snapshot of the store a near one.
func (t *Timeline) keepNear(s *snapshots.Snapshot) {
	t.near = append(t.near, s)
	if len(t.near) > maxNear {
		t.store.Delete(t.near[0])
		t.near = t.near[1:]
	}
}

// useNear makes a snapshot, if it is a near one, the last to be forgotten.
func (t *Timeline) useNear(s *snapshots.Snapshot) {
	if i := slices.Index(t.near, s); i >= 0 {
		t.near = append(slices.Delete(t.near, i, i+1), s)
	}
}

// nextRung returns the count at which the way from one count to another leaves the next
// near snapshot; the goal itself if there is none. One is worth its cost only if the
// way back to it is at most half of that to where there is one already.
func nextRung(from, now, goal uint64) uint64 {
	for _, d := range rungs {
		if goal > d && goal-d > now && 2*d <= goal-from {
			return goal - d
		}
	}
	return goal
}

// thinNear forgets those near snapshots that thinning has dropped.
func (t *Timeline) thinNear(at machine.Moment) {
	dropped := t.store.Thin(t.pace.Budget, at)
	t.near = slices.DeleteFunc(t.near, func(s *snapshots.Snapshot) bool { return slices.Contains(dropped, s) })
}
