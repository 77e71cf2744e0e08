// SPDX-License-Identifier: GPL-2.0-or-later

// Package snapshots keeps states of a whole machine so that a run can go back to
// them: in memory, where snapshots share every page that did not change between
// them, and in files.
package snapshots

import "github.com/vmrr/vmrr/machine"

// PageSize is the unit in which memory is shared and stored, in bytes.
const PageSize = 4096

// State is all of a machine and its door but the RAM. It belongs to its snapshot:
// neither who saved it nor who gets it back may change what it points to.
type State struct {
	machine.State
	Consumed uint64 // events a replay has played (replay.Player.Consumed)
}

// Memory is the RAM of one machine, stopped while any of this is used.
type Memory interface {
	// RAM returns all of it: a whole number of pages, always the same bytes.
	RAM() []byte
	// DirtyEpoch and DirtySince are cpu.Engine's: DirtyEpoch starts a new epoch
	// and returns its number, DirtySince calls f for each page, by index into
	// RAM in ascending order, that was written in that epoch or later, by
	// whomever.
	DirtyEpoch() uint32
	DirtySince(epoch uint32, f func(page int))
	// PagesChanged is told of every run of pages that a restore has written, so
	// that translated code made from them is dropped.
	PagesChanged(first, count int)
}
