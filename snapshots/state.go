// SPDX-License-Identifier: GPL-2.0-or-later

// Package snapshots keeps states of a whole machine so that a run can go back to
// them: in memory, where snapshots share every page that did not change between
// them, and in files.
package snapshots

import "github.com/vmrr/vmrr/machine"

// PageSize is the unit in which memory is shared and stored, in bytes.
const PageSize = 4096

// NamedBlob is a part of a state under its name.
type NamedBlob struct {
	Name string
	Data []byte
}

// State is all of a machine but its RAM. The package only carries it; what is in
// the blobs is the machine's business. A State belongs to its snapshot: neither
// who saved it nor who gets it back may change what it points to.
type State struct {
	At       machine.Moment // when
	Warp     uint64         // ns the clock has jumped
	CPU      []byte         // cpu.Engine.Save
	Devices  []NamedBlob    // in the board's order
	Consumed uint64         // events a replay has played (replay.Player.Consumed)
	Extra    []NamedBlob    // what else the machine needs, in its order
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
