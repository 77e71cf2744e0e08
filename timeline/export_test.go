// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

// StateHash is what a recorder logs of a machine.
var StateHash = stateHash

// HelpersWanted is how many other machines a search may use.
func (t *Timeline) HelpersWanted() int { return t.helpersWanted() }
