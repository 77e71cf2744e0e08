// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"log/slog"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// kept is the snapshots of a recording. They are written while the machine goes on.
type kept struct {
	disk   *snapshots.Disk
	keeper *snapshots.Keeper
	err    error // why there are none
	begun  bool  // it is known that they can be written
}

// openKept opens the snapshots of a recording, of which those without a name may take
// budget bytes on disk. Nothing else depends on them: if that fails, the error comes
// when one is wanted or to be kept.
func openKept(dir *replay.Dir, ram uint64, budget int64) *kept {
	disk, err := snapshots.OpenDisk(dir.SnapshotPath(), dir.ID(), int(ram), snapshots.ReadWrite)
	if err != nil {
		return &kept{err: err}
	}
	if err := disk.Incomplete(); err != nil && unlessCutOff(err) == nil {
		slog.Warn("snapshots may be lost", "err", err)
	}
	if missing := missingNamed(dir, disk); missing != "" {
		slog.Warn(missing)
	}
	return &kept{disk: disk, keeper: snapshots.NewKeeper(disk, budget)}
}

// put keeps a snapshot. That none can be kept is told at once; an error of writing
// this one is returned by the next call.
func (k *kept) put(s *snapshots.Snapshot) error {
	if err := k.begin(); err != nil {
		return err
	}
	return k.keeper.Put(s)
}

// begin makes ready for writing, and keeps other processes from it.
func (k *kept) begin() error {
	if k.err != nil || k.begun {
		return k.err
	}
	err := k.disk.Begin()
	k.begun = err == nil
	return err
}

// flush waits until all that was put is written.
func (k *kept) flush() error {
	if k.err != nil {
		return k.err
	}
	return k.keeper.Flush()
}

// drop removes the snapshot of that name, if there is one.
func (k *kept) drop(name string) error {
	if err := k.flush(); err != nil {
		return err
	}
	e, ok := k.disk.Named(name)
	if !ok {
		return nil
	}
	return k.disk.Delete(e)
}

// load returns the snapshot of that name.
func (k *kept) load(name string) (*snapshots.Snapshot, error) {
	if k.err != nil {
		return nil, k.err
	}
	e, ok := k.disk.Named(name)
	if !ok {
		return nil, errors.Join(&timeline.NoSnapshotError{Name: name}, k.disk.Incomplete())
	}
	return k.disk.Load(e)
}

// share makes a snapshot the beginning of a new recording of the same machine.
func (k *kept) share(s *snapshots.Snapshot, to *replay.Dir, names ...string) error {
	if k.err != nil {
		return k.err
	}
	return k.disk.Share(s, to.SnapshotPath(), to.ID(), names...)
}

// close waits until all is written.
func (k *kept) close() error {
	if k.disk == nil {
		return nil
	}
	return errors.Join(k.keeper.Close(), k.disk.Close())
}

// damage says why not all of the snapshots are known; nil if they are. An index that
// is cut off is what a recorder leaves that was killed, and no damage.
func (k *kept) damage() error {
	if k.err != nil {
		return k.err
	}
	return unlessCutOff(k.disk.Incomplete())
}

// unlessCutOff returns what is wrong with an index, but for a cut tail.
func unlessCutOff(err error) error {
	if cut := (*badfile.CutOffError)(nil); errors.As(err, &cut) {
		return nil
	}
	return err
}

// addTo makes the snapshots known to a timeline. What cannot be read is left out with
// a warning, unless it is wanted by name.
func (k *kept) addTo(t *timeline.Timeline, wanted string) error {
	leftOut := func(name string, err error) error {
		if wanted != "" && name == wanted {
			return err
		}
		slog.Warn("a snapshot is left out", "err", err)
		return nil
	}
	if k.err != nil {
		return leftOut(wanted, k.err)
	}
	if err := k.damage(); err != nil {
		name := wanted
		if _, ok := k.disk.Named(wanted); ok {
			name = ""
		}
		if err := leftOut(name, err); err != nil {
			return err
		}
	}
	for _, e := range k.disk.List() {
		s, err := k.disk.Load(e)
		if err == nil {
			err = t.AddSnapshot(s)
		}
		if err != nil {
			err = leftOut(e.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
