// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"errors"
	"log/slog"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// Snapshots are those of a recording. They are written while the machine goes on.
type Snapshots struct {
	disk   *snapshots.Disk
	keeper *snapshots.Keeper
	err    error // why there are none
	begun  bool  // it is known that they can be written
}

// openSnapshots opens the snapshots of a recording, of which those without a name may take
// budget bytes on disk. Nothing else depends on them: if that fails, the error comes
// when one is wanted or to be kept.
func openSnapshots(dir *replay.Dir, ram uint64, budget int64) *Snapshots {
	disk, err := snapshots.OpenDisk(dir.SnapshotPath(), dir.ID(), int(ram), snapshots.ReadWrite)
	if err != nil {
		return &Snapshots{err: err}
	}
	if err := disk.Incomplete(); err != nil && badfile.UnlessCutOff(err) == nil {
		slog.Warn("snapshots may be lost", "err", err)
	}
	if missing := MissingNamed(dir, disk); missing != "" {
		slog.Warn(missing)
	}
	return &Snapshots{disk: disk, keeper: snapshots.NewKeeper(disk, budget)}
}

// Disk returns the files in which they are; the error says why they cannot be used.
// What was put last may not be in them yet: Flush waits for it.
func (k *Snapshots) Disk() (*snapshots.Disk, error) { return k.disk, k.err }

// Put keeps a snapshot. That none can be kept is told at once; an error of writing
// this one is returned by the next call.
func (k *Snapshots) Put(s *snapshots.Snapshot) error {
	if err := k.Begin(); err != nil {
		return err
	}
	return k.keeper.Put(s)
}

// Begin makes ready for writing, and keeps other processes from it until the recording
// is closed. It is an error if another one writes there.
func (k *Snapshots) Begin() error {
	if k.err != nil || k.begun {
		return k.err
	}
	err := k.disk.Begin()
	k.begun = err == nil
	return err
}

// alone runs f, which writes no snapshot, while no other process writes to the recording.
// It is an error if one does.
func (k *Snapshots) alone(f func() error) error {
	if k.err != nil {
		return k.err
	}
	return k.disk.Alone(f)
}

// Flush waits until all that was put is written.
func (k *Snapshots) Flush() error {
	if k.err != nil {
		return k.err
	}
	return k.keeper.Flush()
}

// Over reports whether the snapshots, those that were put included, take more than so
// many bytes of disk.
func (k *Snapshots) Over(budget int64) (bool, error) {
	if k.err != nil {
		return false, k.err
	}
	return k.keeper.Over(budget)
}

// drop removes the snapshot of that name, if there is one.
func (k *Snapshots) drop(name string) error {
	if err := k.Flush(); err != nil {
		return err
	}
	e, ok := k.disk.Named(name)
	if !ok {
		return nil
	}
	return k.disk.Delete(e)
}

// load returns the snapshot of that name.
func (k *Snapshots) load(name string) (*snapshots.Snapshot, error) {
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
func (k *Snapshots) share(s *snapshots.Snapshot, to *replay.Dir, names ...string) error {
	if k.err != nil {
		return k.err
	}
	return k.disk.Share(s, to.SnapshotPath(), to.ID(), names...)
}

// close waits until all is written.
func (k *Snapshots) close() error {
	if k.disk == nil {
		return nil
	}
	return errors.Join(k.keeper.Close(), k.disk.Close())
}

// Damage says why not all of the snapshots are known; nil if they are. An index that
// is cut off is what a recorder leaves that was killed, and no damage.
func (k *Snapshots) Damage() error {
	if k.err != nil {
		return k.err
	}
	return badfile.UnlessCutOff(k.disk.Incomplete())
}

// AddTo makes the snapshots known to a timeline. What cannot be read is left out with
// a warning, unless it is the one that is wanted by name; an empty name wants none.
func (k *Snapshots) AddTo(t *timeline.Timeline, wanted string) error {
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
	if err := k.Damage(); err != nil {
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
