// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"github.com/vmrr/vmrr/cpu/disasm"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/replay"
)

// Cause is what Verify found to be the reason of a divergence.
type Cause int

// The causes.
const (
	// CauseOnce: a second pass over the same instructions went as recorded. The
	// first one met a fault of the host, or one of vmrr that comes and goes.
	CauseOnce Cause = iota
	// CauseUnsteady: two passes over the same instructions led to different
	// states, neither of them the recorded one.
	CauseUnsteady
	// CauseEngine: how the instructions were run made a difference. Run in one of
	// the ways they lead to the recorded state.
	CauseEngine
	// CauseEngineToo: how the instructions were run made a difference, but no way
	// leads to the recorded state.
	CauseEngineToo
	// CauseRecording: however the instructions are run, they lead to the same
	// state, and it is not the recorded one. The recorded run was another.
	CauseRecording
	// CauseSnapshot: the state is as the recording says before and after a
	// snapshot that was kept, but not as that says.
	CauseSnapshot
)

// Divergence says how a replay differs from its recording, as far as it could be
// found out.
type Divergence struct {
	Seen  *replay.ErrDiverged // what was noticed first
	Cause Cause
	// Good is the last moment known at which the state was the recorded one, Bad
	// the first at which it was not.
	Good, Bad machine.Moment
	// Events are those of the log from Good to Bad, at most maxEvents of them;
	// MoreEvents is how many are not in it.
	Events     []replay.Record
	MoreEvents int
	// Parts names what differs at Bad, as machine.Machine.Parts does; empty if
	// only the course of the run shows the difference.
	Parts []string
	// Differences tells how two states at At differ, and Want and Got which ones
	// they are; Want is empty if there is nothing that could be compared.
	Differences diff.List
	At          machine.Moment
	Want, Got   string
	// Instruction is the first one after which the state differs, if the cause is
	// the engine's.
	Instruction *Instruction
}

func (d *Divergence) Error() string { return d.Seen.Error() }

// Unwrap returns the *replay.ErrDiverged.
func (d *Divergence) Unwrap() error { return d.Seen }

// Instruction is one that was executed, and the code around it.
type Instruction struct {
	ICount   uint64 // the count that it makes
	Selector uint64 // CS before it
	Offset   uint64 // RIP before it
	Linear   uint64 // the linear address of the two
	// Code is the code around it; it is the one at Linear.
	Code []disasm.Instruction
	// Interrupted says that an interrupt is delivered before: the instruction is
	// then the first one of the handler, and Linear the address where it hit.
	Interrupted bool
}
