// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// StateHash is what a recorder logs of a machine.
var StateHash = stateHash

// Cutting says when a stretch of the past is cut, all in instructions: what has this many at
// its first hit, what has fewer for each hit, what has fewer than this many not at all.
type Cutting struct{ Long, Sparse, Smallest uint64 }

// SetCutting sets it and returns what it was.
func SetCutting(c Cutting) (was Cutting) {
	was = Cutting{long, sparse, smallest}
	long, sparse, smallest = c.Long, c.Sparse, c.Smallest
	return was
}

// NearTo goes to a count as a helper does to a hit before which the machine has a snapshot, and returns
// the snapshots that another machine gets of it.
func (t *Timeline) NearTo(n uint64, from *snapshots.Snapshot) ([]*snapshots.Snapshot, error) {
	near, _, err := t.nearTo(context.Background(), &cpu.Hit{ICount: n}, span{from: from})
	return near, err
}

// Borrow makes another machine's snapshot a near one.
func (t *Timeline) Borrow(s *snapshots.Snapshot) error { return t.borrow(s) }

// Nearest returns the moment of the snapshot to go to a count from.
func (t *Timeline) Nearest(n uint64) machine.Moment { return t.nearest(n).State.At }

// HelpersWanted is how many other machines a search may use.
func (t *Timeline) HelpersWanted() int { return t.helpersWanted() }

// LastStored returns up to where, before a count, a watchpoint may be hit.
func (t *Timeline) LastStored(n uint64) uint64 { return t.trim(machine.Moment{ICount: n}).ICount }

// ForgetStores makes the timeline forget where the guest stored.
func (t *Timeline) ForgetStores() { t.stores, t.noted.known = stores{}, false }
