// SPDX-License-Identifier: GPL-2.0-or-later

// Package recordings is the recording of a machine as a whole: a directory with what
// was booted, the log, the snapshots and what was learned since. A Maker makes one of a
// machine that runs now; Open opens one to be replayed.
//
// Only this package knows how the parts depend on each other. What is wrong with one
// that others can do without is told through slog, once, and the rest is used. Files
// that cannot be used are told apart by the errors of package badfile.
package recordings

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// Recording is an opened recording.
type Recording struct {
	Dir       *replay.Dir
	Config    pc.Config // of its machine
	Tape      *replay.Tape
	LogDamage error // what follows the good part of the log cannot be used; nil: it is whole, or cut off
	Snapshots *Snapshots

	emulator  Emulator
	unlearned error // why not all that is kept of where the guest stored can be read
}

// Open opens a recording to be replayed by an emulator, the latest if path is empty.
// accept, if it is not nil, looks at the machine before anything is made of it; with its
// error the recording is not opened. A log that is damaged is good up to there: that is
// told, and LogDamage. Snapshots that cannot be used are told where they are wanted.
//
// The errors are those of replay.Open, and MismatchErrors of package badfile if the
// emulator is not one that runs the machine as it was recorded.
func Open(path string, by Emulator, accept func(*replay.Dir, *pc.Config) error) (*Recording, error) {
	dir, err := OpenDir(path)
	if err != nil {
		return nil, err
	}
	cfg, err := by.configOf(dir)
	if err != nil {
		return nil, err
	}
	if accept != nil {
		if err := accept(dir, &cfg); err != nil {
			return nil, err
		}
	}
	r := &Recording{Dir: dir, Config: cfg, emulator: by}
	r.Tape, err = dir.LoadTape()
	var damaged *badfile.DamagedError
	if r.Tape != nil && errors.As(err, &damaged) {
		r.LogDamage = err
		slog.Warn(fmt.Sprintf("%v; what comes before is used", err))
	} else if err != nil {
		return nil, err
	}
	r.Snapshots = openSnapshots(dir, cfg.RAM, 0)
	return r, nil
}

// OpenDir opens the directory of a recording, the latest if path is empty, to look at
// its files whichever machine they are of.
func OpenDir(path string) (*replay.Dir, error) {
	if path == "" {
		latest, err := replay.Latest()
		if err != nil {
			return nil, err
		}
		path = latest
	}
	return replay.Open(path)
}

// Close waits until the snapshots that were kept are written. An error of writing them
// is its error.
func (r *Recording) Close() error { return errors.Join(r.Snapshots.close(), r.Tape.Close()) }

// Damage returns the first thing that is damaged of the snapshots, of what is kept of
// where the guest stored, which Start reads, and of the log; nil if nothing is. Open,
// Start and Snapshots.AddTo have told all of it.
func (r *Recording) Damage() error {
	return cmp.Or(r.Snapshots.Damage(), r.unlearned, r.LogDamage)
}

// StartTime is the guest's wall clock at power-on, s since 1970-01-01 UTC; 0 if it never
// asked for it.
func (r *Recording) StartTime() int64 {
	if o := r.Dir.Manifest().Origin; o != nil {
		return o.Start
	}
	for e, err := range r.Tape.Records() {
		if err == nil && e.Kind == replay.KindAnswer && e.Query == machine.QueryWallClock {
			return e.Answer
		}
	}
	return 0
}

// origin returns the snapshot in which the recording begins; nil if it begins when
// the machine is switched on.
func (r *Recording) origin() (*snapshots.Snapshot, error) {
	o := r.Dir.Manifest().Origin
	if o == nil {
		return nil, nil
	}
	s, err := r.Snapshots.load(o.Snapshot)
	if err != nil {
		return nil, fmt.Errorf("going to where the recording %s begins: %w", r.Dir.Path(), err)
	}
	return s, nil
}
