// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/internal/framed"
)

func TestShare(t *testing.T) {
	child := framed.ID{9}
	for _, test := range []struct {
		name   string
		noLn   bool
		common int  // pages that only other snapshots need
		reopen Mode // of the parent, for sharing
		linked int
	}{
		{"linked", false, 0, ReadWrite, 1},
		{"linked from a store that is only read", false, 0, ReadOnly, 1},
		{"no links", true, 0, ReadWrite, 0},
		{"little is needed", false, 100, ReadOnly, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			parent, dir := t.TempDir(), filepath.Join(t.TempDir(), "child")
			r := newRig(t, 200)
			for i := range test.common {
				r.incompressible(i)
			}
			d, err := openDisk(&faultyFiles{most: -1, noLn: test.noLn}, parent, testID, len(r.mem.ram), ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			r.put(d, r.take("other", 0))
			for i := range test.common {
				clear(r.mem.ram[i*PageSize:][:PageSize])
			}
			r.store.Forget()
			r.incompressible(150, 160, 170, 180)
			r.put(d, r.take("", 0))
			if test.reopen == ReadOnly {
				d.Close()
				d = r.open(parent, ReadOnly)
			}
			e := d.List()[1]
			r.begins = map[string]bool{"origin": true, "kept": true}
			s, err := d.Load(e)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Share(s, dir, child, "origin", "kept"); err != nil {
				t.Fatal(err)
			}
			later := r.take("later", 30)
			if test.reopen == ReadWrite {
				if err := d.Share(s, parent, testID, "self"); err == nil {
					t.Error("sharing with itself has no error")
				}
				r.put(d, later)
			}
			// Neither has to do with the other any more.
			d.Close()
			if err := os.RemoveAll(parent); err != nil {
				t.Fatal(err)
			}
			c, err := OpenDisk(dir, child, len(r.mem.ram), ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			r.wantList(c, "origin@2", "kept@2")
			linked := 0
			for _, s := range c.cat.segments {
				if st, err := os.Stat(s.path); err == nil && s.id == d.cat.segments[0].id && st.Size() > 0 {
					linked++
				}
			}
			if linked != test.linked {
				t.Errorf("%d segments are linked; want %d", linked, test.linked)
			}
			r.put(c, r.take("next", 3))
			if err := c.Compact(); err != nil {
				t.Fatal(err)
			}
			r.wantList(c, "origin@2", "kept@2", "next@4")
		})
	}
}

// A store whose disk was full shares nothing any more, and says why. One that could
// not read what it was to put shares what it has.
func TestShareAfterFailedPut(t *testing.T) {
	r := newRig(t, 3*batchPages)
	files := &faultyFiles{most: -1}
	d, err := openDisk(files, t.TempDir(), testID, len(r.mem.ram), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r.put(d, r.take("a", 9))
	r.incompressible(1, 2, 3)
	snap := r.take("b", 0)
	files.most = files.steps
	if err := d.Put(snap); !errors.Is(err, errStopped) {
		t.Fatalf("Put on a full disk: %v; want %v", err, errStopped)
	}
	files.most = -1
	if err := d.Share(snap, filepath.Join(t.TempDir(), "child"), framed.ID{9}, "origin"); !errors.Is(err, errStopped) {
		t.Errorf("Share after a failed Put: %v; want %v", err, errStopped)
	}
}

func TestShareAfterUnreadable(t *testing.T) {
	r := newRig(t, 2*chunkPages)
	from := t.TempDir()
	d := r.open(from, ReadWrite)
	r.incompressible(2*chunkPages - 1)
	r.put(d, r.take("lost", 0))
	lost, err := d.Load(d.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.cat.segments[0].path, 50); err != nil {
		t.Fatal(err)
	}
	// The first chunk of what is to be put is in memory, the second is lost.
	r.incompressible(0, 1)
	good := r.take("good", 0)
	mixed := &Snapshot{State: good.State, ram: newTable(2 * chunkPages)}
	mixed.ram.chunks[0], mixed.ram.chunks[1] = good.ram.chunks[0], lost.ram.chunks[1]

	d = r.open(t.TempDir(), ReadWrite)
	if err := d.Put(mixed); err == nil {
		t.Fatal("Put of what cannot be read has no error")
	}
	r.begins = map[string]bool{"origin": true}
	dir := filepath.Join(t.TempDir(), "child")
	if err := d.Share(good, dir, framed.ID{9}, "origin"); err != nil {
		t.Fatal(err)
	}
	c, err := OpenDisk(dir, framed.ID{9}, len(r.mem.ram), ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r.wantList(c, "origin@2")
}
