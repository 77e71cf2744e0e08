// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// Past is a recording's machine, switched on. It and its timeline belong to the thread
// that has started it.
type Past struct {
	Timeline *timeline.Timeline
	Board    *pc.PC
}

// StartOptions say how a recording's machine is shown.
type StartOptions struct {
	Outputs  pc.Outputs
	Policy   timeline.Policy     // of snapshots in memory
	Progress func(at, to uint64) // as timeline.Config has it; may be nil
	Stage    func(what string)   // likewise
}

// Start builds the machine and brings it to where the recording begins. What is kept of
// where the guest stored is known to its timeline; snapshots are not yet (AddTo).
func (r *Recording) Start(o StartOptions) (*Past, error) {
	origin, err := r.origin()
	if err != nil {
		return nil, err
	}
	player := replay.NewPlayer(r.Tape)
	m, board, err := pc.New(r.Config, r.emulator.NewEngine, player, o.Outputs)
	if err != nil {
		return nil, err
	}
	t, err := timeline.New(timeline.Config{Machine: m, Player: player, Origin: origin, Policy: o.Policy,
		Spawn: r.spawn, Persist: r.Snapshots.Put, Drop: r.Snapshots.drop, Progress: o.Progress, Stage: o.Stage})
	if err != nil {
		board.Close()
		return nil, err
	}
	r.learn(t)
	return &Past{t, board}, nil
}

// spawn builds another machine of the recording, to search the past with.
func (r *Recording) spawn() (*timeline.Instance, error) {
	player := replay.NewPlayer(r.Tape)
	m, board, err := pc.New(r.Config, r.emulator.NewEngine, player, pc.Outputs{})
	if err != nil {
		return nil, err
	}
	return &timeline.Instance{Machine: m, Player: player, Close: board.Close}, nil
}

// Close switches the machine off.
func (p *Past) Close() {
	p.Timeline.Close()
	p.Board.Close()
}
