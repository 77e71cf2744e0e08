// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// Store keeps snapshots of a machine whose past needs no log: one that takes no
// input. Package timeline does it for the rest.
type Store struct {
	*snapshots.Store
	vm *VM
}

// NewStore returns an empty store.
func (vm *VM) NewStore(t testing.TB) *Store {
	t.Helper()
	s, err := snapshots.NewStore(memory{vm.Machine})
	if err != nil {
		t.Fatal(err)
	}
	return &Store{s, vm}
}

// Take adds a snapshot of the machine as it is.
func (s *Store) Take() *snapshots.Snapshot {
	return s.Store.Take("", snapshots.State{State: s.vm.Save()})
}

// Restore puts the machine in the state of a snapshot.
func (s *Store) Restore(t testing.TB, snap *snapshots.Snapshot) {
	t.Helper()
	if _, err := s.Store.Restore(snap); err != nil {
		t.Fatal(err)
	}
	if err := s.vm.Load(snap.State.State); err != nil {
		t.Fatalf("loading the state of %v: %v", snap.State.At, err)
	}
}

// memory shows a machine's RAM to a store.
type memory struct{ *machine.Machine }

func (m memory) RAM() []byte                               { return m.Machine.RAM.Host }
func (m memory) DirtyEpoch() uint32                        { return m.Engine.DirtyEpoch() }
func (m memory) DirtySince(epoch uint32, f func(page int)) { m.Engine.DirtySince(epoch, f) }

// PagesChanged knows that the guest's RAM lies at equal offsets and addresses.
func (m memory) PagesChanged(first, count int) {
	m.Engine.Invalidate(uint64(first)*cpu.PageSize, uint64(count)*cpu.PageSize)
}
