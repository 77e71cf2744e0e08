// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"log/slog"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// kept is the snapshots of a recording. They are written while the machine goes on.
type kept struct {
	disk   *snapshots.Disk
	keeper *snapshots.Keeper
	err    error // why there are none
}

// openKept opens the snapshots of a recording. Nothing else depends on them: if that
// fails, the error comes when one is wanted or to be kept.
func openKept(dir *replay.Dir, ram uint64) *kept {
	disk, err := snapshots.OpenDisk(dir.SnapshotPath(), framed.ID(dir.ID()), int(ram), snapshots.ReadWrite)
	if err != nil {
		return &kept{err: err}
	}
	return &kept{disk: disk, keeper: snapshots.NewKeeper(disk)}
}

// put keeps a snapshot. An error of writing it is returned by the next call.
func (k *kept) put(s *snapshots.Snapshot) error {
	if k.err != nil {
		return k.err
	}
	return k.keeper.Put(s)
}

// close waits until all is written.
func (k *kept) close() error {
	if k.disk == nil {
		return nil
	}
	return errors.Join(k.keeper.Close(), k.disk.Close())
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
	if err := k.disk.Incomplete(); err != nil {
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
