// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// recorded is an opened recording.
type recorded struct {
	dir    *replay.Dir
	cfg    pc.Config
	tape   *replay.Tape
	damage error // of the log: what follows its good part cannot be used
	kept   *kept

	learned   uint64 // of how many instructions it is kept where the guest stored
	unlearned error  // why it is not all that was
}

// openReplay opens a recording, the latest if path is empty. opts are machine
// options that were given with it, or nil. A log that is damaged is good up to there.
func openReplay(path string, opts *machineOptions) (*recorded, error) {
	dir, cfg, err := openRecording(path)
	if err != nil {
		return nil, err
	}
	if opts != nil {
		if err := sameMachine(opts, dir, &cfg); err != nil {
			return nil, err
		}
	}
	r := &recorded{dir: dir, cfg: cfg}
	r.tape, err = dir.LoadTape()
	var damaged *badfile.DamagedError
	if r.tape != nil && errors.As(err, &damaged) {
		r.damage = err
		terminal.Say("%v; what comes before is used", err)
	} else if err != nil {
		return nil, err
	}
	r.kept = openKept(dir, cfg.RAM, 0)
	return r, nil
}

// close waits until the snapshots that were kept are written.
func (r *recorded) close() error { return errors.Join(r.kept.close(), r.tape.Close()) }

// startTime is the guest's wall clock at power-on, s since 1970-01-01 UTC.
func (r *recorded) startTime() int64 {
	if o := r.dir.Manifest().Origin; o != nil {
		return o.Start
	}
	for e, err := range r.tape.Records() {
		if err == nil && e.Kind == replay.KindAnswer && e.Query == machine.QueryWallClock {
			return e.Answer
		}
	}
	return 0
}

// origin returns the snapshot in which the recording begins; nil if it begins when
// the machine is switched on.
func (r *recorded) origin() (*snapshots.Snapshot, error) {
	o := r.dir.Manifest().Origin
	if o == nil {
		return nil, nil
	}
	s, err := r.kept.load(o.Snapshot)
	if err != nil {
		return nil, fmt.Errorf("going to where the recording %s begins: %w", r.dir.Path(), err)
	}
	return s, nil
}

// startOptions say how a recording's machine is shown.
type startOptions struct {
	outputs  pc.Outputs
	policy   timeline.Policy
	progress func(at, to uint64) // may be nil
	stage    func(what string)   // may be nil
}

// past is a recording's machine, switched on.
type past struct {
	timeline *timeline.Timeline
	board    *pc.PC
}

// spawn builds another machine of the recording, to search the past with.
func (r *recorded) spawn() (*timeline.Instance, error) {
	player := replay.NewPlayer(r.tape)
	m, board, err := pc.New(r.cfg, openEngine, player, pc.Outputs{})
	if err != nil {
		return nil, err
	}
	return &timeline.Instance{Machine: m, Player: player, Close: board.Close}, nil
}

// start builds the machine and brings it to where the recording begins.
func (r *recorded) start(o startOptions) (*past, error) {
	origin, err := r.origin()
	if err != nil {
		return nil, err
	}
	player := replay.NewPlayer(r.tape)
	m, board, err := pc.New(r.cfg, openEngine, player, o.outputs)
	if err != nil {
		return nil, err
	}
	t, err := timeline.New(timeline.Config{Machine: m, Player: player, Origin: origin, Policy: o.policy,
		Spawn: r.spawn, Persist: r.kept.put, Drop: r.kept.drop, Progress: o.progress, Stage: o.stage})
	if err != nil {
		board.Close()
		return nil, err
	}
	r.learn(t)
	return &past{t, board}, nil
}

func (p *past) close() {
	p.timeline.Close()
	p.board.Close()
}
