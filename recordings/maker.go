// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// Maker makes the recordings of one machine: one, unless it is forked. All of it is
// called on the engine's thread.
type Maker struct {
	Emulator Emulator
	Config   pc.Config
	Inputs   machine.Inputs // what is recorded
	Out      string         // where the first one goes; empty: the next numbered place
	Budget   int64          // bytes of disk for automatic snapshots; 0: without a bound
	// Wall is the guest's wall clock at power-on, s since 1970-01-01 UTC. What branches
	// off says it; the first recording has it in its log.
	Wall int64
	// Forked, if it is not nil, is told that the run goes on from a snapshot of one
	// recording, which has ended, in another.
	Forked func(from, to *replay.Dir, snapshot string)

	present made
}

// made is a recording in the making, or one that another branches off from.
type made struct {
	dir       *replay.Dir
	snapshots *Snapshots
}

// Dir returns the directory of the present recording: of the last that was told by Begun
// that it is the one; nil before.
func (m *Maker) Dir() *replay.Dir { return m.present.dir }

// manifest is what all recordings of the machine say of themselves.
func (m *Maker) manifest() (replay.Manifest, error) {
	says := replay.Manifest{Version: m.Emulator.Version, Unicorn: m.Emulator.Engine, Created: time.Now().UTC()}
	var err error
	says.Machine, err = json.Marshal(machineOf(&m.Config, m.Emulator.Engine))
	return says, err
}

// Begin makes the recording of a machine that will be switched on. If that fails nothing
// of it stays. The caller sees to that, by Abandon, until he calls Begun.
func (m *Maker) Begin() (*timeline.Recording, error) {
	manifest, err := m.manifest()
	if err != nil {
		return nil, err
	}
	return m.create(m.Out, manifest, func(dir *replay.Dir) error { return addImages(dir, &m.Config) })
}

// Branch makes a recording that goes on from a snapshot of the machine of another one,
// which is not changed. If that fails nothing of it stays, as with Begin.
func (m *Maker) Branch(from *Recording, origin *snapshots.Snapshot) (*timeline.Recording, error) {
	return m.branch(made{from.Dir, from.Snapshots}, origin, m.Out)
}

// create makes a recording in out or the next numbered place, with what fill puts into
// it. If that fails nothing of it stays, so that the place is free for the next try.
func (m *Maker) create(out string, says replay.Manifest, fill func(*replay.Dir) error) (rec *timeline.Recording, err error) {
	dir, err := createDir(out, says)
	if err != nil {
		return nil, err
	}
	if err = fill(dir); err == nil {
		rec, err = m.start(dir)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Discard())
	}
	if out == "" {
		begun := rec.Begun
		rec.Begun = func() {
			begun()
			if err := replay.SetLatest(dir.Path()); err != nil {
				slog.Warn(err.Error())
			}
		}
	}
	return rec, nil
}

// createDir makes the directory of a new recording. An empty path means the next
// numbered one.
func createDir(path string, says replay.Manifest) (*replay.Dir, error) {
	if path == "" {
		return replay.CreateNext(says)
	}
	return replay.Create(path, says)
}

// start opens the log and the snapshots of a recording.
func (m *Maker) start(dir *replay.Dir) (*timeline.Recording, error) {
	log, err := dir.CreateLog()
	if err != nil {
		return nil, err
	}
	next := made{dir, openSnapshots(dir, m.Config.RAM, m.Budget)}
	// A replay that looks on must not come first: only one process can write them.
	if err := next.snapshots.Begin(); err != nil {
		return nil, errors.Join(err, next.snapshots.close(), log.Close())
	}
	stores := createStores(dir)
	rec := &timeline.Recording{Recorder: replay.NewRecorder(m.Inputs, log), Keep: next.snapshots.Put, Drop: next.snapshots.drop, Fork: m.fork,
		Stored: stores.put,
		Begun:  func() { m.present = next },
		Close: func() error {
			stores.close()
			return errors.Join(next.snapshots.close(), log.Close())
		}}
	rec.Abandon = func() error { return errors.Join(rec.Close(), dir.Discard()) }
	return rec, nil
}

// fork makes the recording that goes on from a snapshot of the present one.
func (m *Maker) fork(origin *snapshots.Snapshot) (*timeline.Recording, error) {
	parent := m.present
	if err := parent.snapshots.Flush(); err != nil {
		return nil, err
	}
	out := m.Out
	if out != "" { // there the first one is
		var err error
		if out, err = freePath(out); err != nil {
			return nil, err
		}
	}
	rec, err := m.branch(parent, origin, out)
	if err != nil {
		return nil, err
	}
	begun := rec.Begun
	rec.Begun = func() {
		begun()
		if m.Forked != nil {
			m.Forked(parent.dir, m.present.dir, origin.Name)
		}
	}
	return rec, nil
}

// branch makes, in out or the next numbered place, a recording that begins in a
// snapshot of another one's machine. It is whole by itself: what the two have in
// common are links to the same files, where the file system has them.
func (m *Maker) branch(parent made, origin *snapshots.Snapshot, out string) (*timeline.Recording, error) {
	says, err := m.manifest()
	if err != nil {
		return nil, err
	}
	at := origin.State.At
	says.Parent = &replay.Parent{ID: parent.dir.ID().String(), Path: parent.dir.Path(), ICount: at.ICount, Sub: at.Sub, Snapshot: origin.Name}
	says.Origin = &replay.Origin{Snapshot: timeline.OriginName, ICount: at.ICount, Sub: at.Sub, Start: m.Wall}
	names := []string{timeline.OriginName}
	if origin.Name != "" && origin.Name != timeline.OriginName {
		names = append(names, origin.Name)
	}
	return m.create(out, says, func(dir *replay.Dir) error {
		for _, f := range parent.dir.Manifest().Files {
			if err := dir.LinkFile(parent.dir, f.Name); err != nil {
				return err
			}
		}
		return parent.snapshots.share(origin, dir, names...)
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
