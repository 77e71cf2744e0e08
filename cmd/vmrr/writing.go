// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// writing makes the recordings of one machine: one, unless it is forked.
type writing struct {
	cfg    pc.Config
	in     machine.Inputs // what is recorded
	out    string         // where the first one goes; empty: the next numbered place
	budget int64          // bytes of disk for automatic snapshots
	wall   int64          // the guest's wall clock at power-on, s since 1970

	made                        // the present recording
	forked func(to *replay.Dir) // told when the run goes on in another one
}

// made is a recording in the making.
type made struct {
	dir  *replay.Dir
	kept *kept
}

// manifest is what all recordings of the machine say of themselves.
func (w *writing) manifest() (replay.Manifest, error) {
	m := replay.Manifest{Version: Version, Unicorn: unicorn.Behaviour(), Created: time.Now().UTC()}
	var err error
	m.Machine, err = json.Marshal(machineOf(&w.cfg))
	return m, err
}

// begin makes the recording of a machine that will be switched on.
func (w *writing) begin() (*timeline.Recording, error) {
	m, err := w.manifest()
	if err != nil {
		return nil, err
	}
	return w.create(w.out, m, func(dir *replay.Dir) error { return addImages(dir, &w.cfg) })
}

// create makes a recording in out or the next numbered place, with what fill puts into
// it. If that fails nothing of it stays, so that the place is free for the next try; the
// caller sees to that, by Abandon, until he calls Begun.
func (w *writing) create(out string, m replay.Manifest, fill func(*replay.Dir) error) (rec *timeline.Recording, err error) {
	dir, err := createDir(out, m)
	if err != nil {
		return nil, err
	}
	if err = fill(dir); err == nil {
		rec, err = w.start(dir)
	}
	if err != nil {
		return nil, also(err, dir.Discard())
	}
	if out == "" {
		begun := rec.Begun
		rec.Begun = func() {
			begun()
			if err := replay.SetLatest(dir.Path()); err != nil {
				terminal.Say("%v", err)
			}
		}
	}
	return rec, nil
}

// start opens the log and the snapshots of a recording.
func (w *writing) start(dir *replay.Dir) (*timeline.Recording, error) {
	log, err := dir.CreateLog()
	if err != nil {
		return nil, err
	}
	m := made{dir, openKept(dir, w.cfg.RAM, w.budget)}
	// A replay that looks on must not come first: only one process can write them.
	if err := m.kept.begin(); err != nil {
		return nil, errors.Join(err, m.kept.close(), log.Close())
	}
	stores := createStores(dir)
	rec := &timeline.Recording{Recorder: replay.NewRecorder(w.in, log), Keep: m.kept.put, Drop: m.kept.drop, Fork: w.fork,
		Stored: stores.put,
		Begun:  func() { w.made = m },
		Close: func() error {
			stores.close()
			return errors.Join(m.kept.close(), log.Close())
		}}
	rec.Abandon = func() error { return also(rec.Close(), dir.Discard()) }
	return rec, nil
}

// fork makes the recording that goes on from a snapshot of the present one.
func (w *writing) fork(origin *snapshots.Snapshot) (*timeline.Recording, error) {
	parent := w.made
	if err := parent.kept.flush(); err != nil {
		return nil, err
	}
	out := w.out
	if out != "" { // there the first one is
		var err error
		if out, err = freePath(out); err != nil {
			return nil, err
		}
	}
	rec, err := w.branch(parent, origin, out)
	if err != nil {
		return nil, err
	}
	begun := rec.Begun
	rec.Begun = func() {
		begun()
		terminal.Say("the recording in %s ends here; what follows from snapshot %q on is recorded in %s",
			parent.dir.Path(), origin.Name, w.dir.Path())
		if w.forked != nil {
			w.forked(w.dir)
		}
	}
	return rec, nil
}

// branch makes, in out or the next numbered place, a recording that begins in a
// snapshot of another one's machine. It is whole by itself: what the two have in
// common are links to the same files, where the file system has them.
func (w *writing) branch(parent made, origin *snapshots.Snapshot, out string) (*timeline.Recording, error) {
	m, err := w.manifest()
	if err != nil {
		return nil, err
	}
	at := origin.State.At
	m.Parent = &replay.Parent{ID: parent.dir.ID().String(), Path: parent.dir.Path(), ICount: at.ICount, Sub: at.Sub, Snapshot: origin.Name}
	m.Origin = &replay.Origin{Snapshot: timeline.OriginName, ICount: at.ICount, Sub: at.Sub, Start: w.wall}
	names := []string{timeline.OriginName}
	if origin.Name != "" && origin.Name != timeline.OriginName {
		names = append(names, origin.Name)
	}
	return w.create(out, m, func(dir *replay.Dir) error {
		for _, f := range parent.dir.Manifest().Files {
			if err := dir.LinkFile(parent.dir, f.Name); err != nil {
				return err
			}
		}
		return parent.kept.share(origin, dir, names...)
	})
}

// freePath returns path, or, if there is something already, the first of path.1,
// path.2 and so on where there is nothing.
func freePath(path string) (string, error) {
	for n := 0; ; n++ {
		free := path
		if n > 0 {
			free = fmt.Sprintf("%s.%d", path, n)
		}
		if _, err := os.Lstat(free); errors.Is(err, os.ErrNotExist) {
			return free, nil
		} else if err != nil {
			return "", fmt.Errorf("finding a place for the recording: %w", err)
		}
	}
}
