// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"os"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
)

// readerRig is a store of four snapshots that another process opened for reading.
// Nothing of its pages was read.
func readerRig(t *testing.T) (r *rig, reader, writer *Disk) {
	t.Helper()
	dir := t.TempDir()
	r = newRig(t, 40)
	writer = r.open(dir, ReadWrite)
	for range 4 {
		r.incompressible(0, 10, 20)
		r.put(writer, r.take("", 0))
	}
	reader = r.open(dir, ReadOnly)
	return r, reader, writer
}

// compactLast deletes all but the last snapshots and compacts.
func (r *rig) compactLast(writer *Disk, n int) {
	r.t.Helper()
	for len(writer.List()) > n {
		if err := writer.Delete(writer.List()[0]); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := writer.Compact(); err != nil {
		r.t.Fatal(err)
	}
}

// A reader beside a writer that compacts finds no damage.
func TestReaderBesideCompaction(t *testing.T) {
	r, reader, writer := readerRig(t)
	first, err := reader.Load(reader.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	r.compactLast(writer, 2)
	var damaged *badfile.DamagedError
	if _, err := first.ReadRAM(make([]byte, 10), 0); !errors.Is(err, ErrChanged) || errors.As(err, &damaged) {
		t.Errorf("reading a snapshot that another process has removed: %v; want %v", err, ErrChanged)
	}
	if bad, err := reader.Check(); len(bad) > 0 || err != nil {
		t.Errorf("Check() = %v, %v; want nothing", bad, err)
	}
	r.wantList(reader, "@3", "@4")
	// What was loaded from what is gone stays gone.
	if _, err := first.ReadRAM(make([]byte, 10), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("reading it after Check: %v; want %v", err, ErrChanged)
	}
}

// A segment that the newest index names and that is missing is damage, also to who
// has read an older index.
func TestMissingAfterCompaction(t *testing.T) {
	r, reader, writer := readerRig(t)
	r.compactLast(writer, 2)
	for _, s := range writer.cat.segments {
		if err := os.Remove(s.path); err != nil {
			t.Fatal(err)
		}
	}
	var damaged *badfile.DamagedError
	if bad, err := reader.Check(); err != nil || len(bad) != 2 || len(bad[0].Errs) == 0 || !errors.As(bad[0].Errs[0], &damaged) {
		t.Errorf("Check() = %v, %v; want two damaged snapshots", bad, err)
	}
}
