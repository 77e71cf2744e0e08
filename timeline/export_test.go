// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import "github.com/vmrr/vmrr/machine"

// StateHash is what a recorder logs of a machine.
var StateHash = stateHash

// SetCutting sets how many instructions there are at least for each hit that is counted, and
// in what is cut into pieces, and returns what that was.
func SetCutting(hit, size uint64) (wasHit, wasSize uint64) {
	wasHit, wasSize = sparse, smallest
	sparse, smallest = hit, size
	return wasHit, wasSize
}

// HelpersWanted is how many other machines a search may use.
func (t *Timeline) HelpersWanted() int { return t.helpersWanted() }

// LastStored returns up to where, before a count, a watchpoint may be hit.
func (t *Timeline) LastStored(n uint64) uint64 { return t.trim(machine.Moment{ICount: n}).ICount }

// ForgetStores makes the timeline forget where the guest stored.
func (t *Timeline) ForgetStores() { t.stores, t.noted.known = stores{}, false }
