// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// memory shows a machine's RAM to a snapshot store.
type memory struct{ m *machine.Machine }

func (a *memory) RAM() []byte                               { return a.m.RAM.Host }
func (a *memory) DirtyEpoch() uint32                        { return a.m.Engine.DirtyEpoch() }
func (a *memory) DirtySince(epoch uint32, f func(page int)) { a.m.Engine.DirtySince(epoch, f) }

// PagesChanged implements snapshots.Memory: pages are offsets in the host mapping,
// which the engine wants as guest physical addresses.
func (a *memory) PagesChanged(first, count int) {
	start, end := uint64(first)*cpu.PageSize, uint64(first+count)*cpu.PageSize
	for _, r := range a.m.RAM.Regions {
		from, to := max(start, r.Offset), min(end, r.Offset+r.Size)
		if from < to {
			a.m.Engine.Invalidate(r.PA+from-r.Offset, to-from)
		}
	}
}

func (t *Timeline) take(name string) *snapshots.Snapshot {
	defer t.noteStores() // nothing is in the TLB now
	return t.store.Take(name, snapshots.State{State: t.m.Save(), Consumed: t.cfg.Player.Consumed()})
}

// takeAutomatic takes the snapshot due at count n, unless one is there.
func (t *Timeline) takeAutomatic(n uint64) {
	at := machine.Moment{ICount: n}
	if s := t.store.Nearest(at); s != nil && s.State.At == at || !t.pace.due() {
		return
	}
	begun := t.pace.now()
	t.take("")
	t.thinNear(at)
	t.pace.took(t.pace.now().Sub(begun))
}

func (t *Timeline) restore(s *snapshots.Snapshot) error {
	err := t.inRecording(s)
	if err == nil {
		t.noteStores()
		if _, err := t.store.Restore(s); err != nil {
			return err // it says what for
		}
		t.diverged = nil
		err = t.m.Load(s.State.State)
		t.noteFrom(s.State.At)
	}
	if err == nil {
		err = t.cfg.Player.Seek(s.State.Consumed)
	}
	if err != nil {
		return fmt.Errorf("restoring the snapshot of %v: %w", s.State.At, err)
	}
	return nil
}

// nearest returns the snapshot to go to count n from.
func (t *Timeline) nearest(n uint64) *snapshots.Snapshot {
	if s := t.store.Nearest(machine.Moment{ICount: n}); s != nil {
		return s
	}
	return t.begin // at n itself, but not of the canonical state
}

// restoreNear restores the snapshot that pick returns. One whose pages cannot be read
// from disk is dropped, and pick asked again: there is an earlier one, the
// first of all is in memory. Many can need what is damaged of one file, so that is told
// once; but each that has a name is told of.
func (t *Timeline) restoreNear(pick func() *snapshots.Snapshot) (*snapshots.Snapshot, error) {
	for {
		s := pick()
		err := t.restore(s)
		var unreadable *snapshots.UnreadableError
		if !errors.As(err, &unreadable) || !t.store.Delete(s) {
			return s, err
		}
		place := snapshots.PlaceOf(unreadable.Err)
		switch {
		case s.Name != "":
			slog.Warn("a snapshot is left out", "name", s.Name, "err", err)
		case t.leftOut[place]:
			slog.Debug("a snapshot is left out", "err", err)
		default:
			slog.Warn("a snapshot is left out, as are others that need what is damaged there", "err", err)
			t.leftOut[place] = true
		}
	}
}

// inRecording refuses a snapshot that lies beyond what the recording has: of a
// recorder that was killed, the log may be shorter than a snapshot it kept.
func (t *Timeline) inRecording(s *snapshots.Snapshot) error {
	if at, end := s.State.At, t.End(); end.Before(at) || s.State.Consumed > t.cfg.Player.EventCount() {
		return fmt.Errorf("the recording ends at %v, before it", end)
	}
	return nil
}

// SaveSnapshot keeps the present state under a name, also beyond this process.
func (t *Timeline) SaveSnapshot(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	s := t.take(name)
	if t.cfg.Persist != nil {
		return t.cfg.Persist(s)
	}
	return nil
}

// NoSnapshotError says that there is no snapshot of a name.
type NoSnapshotError struct{ Name string }

func (e *NoSnapshotError) Error() string { return fmt.Sprintf("there is no snapshot %q", e.Name) }

// LoadSnapshot jumps to a named snapshot.
func (t *Timeline) LoadSnapshot(_ context.Context, name string) error {
	s := t.store.Named(name)
	if s == nil {
		return &NoSnapshotError{name}
	}
	_, err := t.jump(func() (Stop, error) { return StopArrived, t.restore(s) })
	return err
}

// DeleteSnapshot forgets a named snapshot, here and where it is kept.
func (t *Timeline) DeleteSnapshot(name string) error {
	return deleteSnapshot(t.store, name, t.cfg.Drop)
}

// deleteSnapshot deletes a named snapshot from a store and, with drop, from where it
// is kept; drop may be nil.
func deleteSnapshot(store *snapshots.Store, name string, drop func(name string) error) error {
	s := store.Named(name)
	switch {
	case s == nil:
		return &NoSnapshotError{name}
	case name == OriginName:
		return fmt.Errorf("snapshot %q stays: the recording begins in it", name)
	}
	if drop != nil {
		if err := drop(name); err != nil {
			return err
		}
	}
	store.Delete(s)
	return nil
}

// AddSnapshot makes known a snapshot that an earlier process kept.
func (t *Timeline) AddSnapshot(s *snapshots.Snapshot) error { return t.store.Add(s) }

// Snapshots lists the named snapshots, earliest first, and how many bytes all
// snapshots take.
func (t *Timeline) Snapshots() (named []*snapshots.Snapshot, bytes int64) {
	for _, s := range t.store.List() {
		if s.Name != "" {
			named = append(named, s)
		}
	}
	return named, t.store.Bytes()
}

// Snapshot returns the present state. It is in no store.
func (t *Timeline) Snapshot() *snapshots.Snapshot {
	s := t.take("")
	t.store.Delete(s)
	return s
}
