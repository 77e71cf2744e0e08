// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vmrr/vmrr/cpu/unicorn"
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

	dir    *replay.Dir // the recording being made
	kept   *kept
	forked func(to *replay.Dir) // told when the run goes on in another recording
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
	if w.dir, err = createDir(w.out, m); err != nil {
		return nil, err
	}
	if err := addImages(w.dir, &w.cfg); err != nil {
		return nil, err
	}
	return w.start(w.out == "")
}

// start opens the log and the snapshots of w.dir.
func (w *writing) start(latest bool) (*timeline.Recording, error) {
	log, err := w.dir.CreateLog()
	if err != nil {
		return nil, err
	}
	if latest {
		if err := replay.SetLatest(w.dir.Path()); err != nil {
			return nil, errors.Join(err, log.Close())
		}
	}
	kept := openKept(w.dir, w.cfg.RAM, w.budget)
	w.kept = kept
	return &timeline.Recording{Recorder: replay.NewRecorder(w.in, log), Keep: kept.put, Drop: kept.drop, Fork: w.fork,
		Close: func() error { return errors.Join(kept.close(), log.Close()) }}, nil
}

// fork makes the recording that goes on from a snapshot of the present one.
func (w *writing) fork(origin *snapshots.Snapshot) (*timeline.Recording, error) {
	parent, kept := w.dir, w.kept
	if err := kept.flush(); err != nil {
		return nil, err
	}
	out := w.out
	if out != "" { // there the first one is
		var err error
		if out, err = freePath(out); err != nil {
			return nil, err
		}
	}
	rec, err := w.branch(parent, kept, origin, out)
	if err != nil {
		w.dir, w.kept = parent, kept
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "\r\nvmrr: the recording in %s ends here; what follows from snapshot %q on is recorded in %s\r\n",
		parent.Path(), origin.Name, w.dir.Path())
	if w.forked != nil {
		w.forked(w.dir)
	}
	return rec, nil
}

// branch makes, in out or the next numbered place, a recording that begins in a
// snapshot of another one's machine. It is whole by itself: what the two have in
// common are links to the same files, where the file system has them.
func (w *writing) branch(parent *replay.Dir, kept *kept, origin *snapshots.Snapshot, out string) (*timeline.Recording, error) {
	m, err := w.manifest()
	if err != nil {
		return nil, err
	}
	at := origin.State.At
	m.Parent = &replay.Parent{ID: parent.ID().String(), Path: parent.Path(), ICount: at.ICount, Sub: at.Sub, Snapshot: origin.Name}
	m.Origin = &replay.Origin{Snapshot: timeline.OriginName, ICount: at.ICount, Sub: at.Sub, Start: w.wall}
	if w.dir, err = createDir(out, m); err != nil {
		return nil, err
	}
	for _, f := range parent.Manifest().Files {
		if err := w.dir.LinkFile(parent, f.Name); err != nil {
			return nil, err
		}
	}
	names := []string{timeline.OriginName}
	if origin.Name != "" && origin.Name != timeline.OriginName {
		names = append(names, origin.Name)
	}
	if err := kept.share(origin, w.dir, names...); err != nil {
		return nil, err
	}
	return w.start(out == "")
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
