// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vmrr/vmrr/internal/framed"
)

// power notes what would be there after a power cut: of a file what it had when it was
// last synced, of a directory the names that it had then.
type power struct {
	synced map[uint64][]byte            // contents, by inode
	names  map[string]map[string]uint64 // inodes, by directory and name
	unsure map[string]bool              // directories whose own names are not durable
}

func newPower() *power {
	return &power{make(map[uint64][]byte), make(map[string]map[string]uint64), make(map[string]bool)}
}

func (p *power) newDir(dir string) {
	if p != nil {
		p.unsure[dir] = true
	}
}

func (p *power) syncDir(dir string) {
	if p == nil {
		return
	}
	now := make(map[string]uint64)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		st, failed := os.Stat(filepath.Join(dir, e.Name()))
		err = errors.Join(err, failed)
		if failed == nil {
			now[e.Name()] = inode(st)
			delete(p.unsure, filepath.Join(dir, e.Name()))
		}
	}
	if err != nil {
		panic(err) // nobody else is in the directory
	}
	p.names[dir] = now
}

func (p *power) sync(f *faultyFile) error {
	if p == nil {
		return nil
	}
	st, err := f.file.(hostFile).Stat()
	if err != nil {
		return err
	}
	b := make([]byte, st.Size())
	if _, err := f.file.ReadAt(b, 0); err != nil {
		return err
	}
	p.synced[inode(st)] = b
	return nil
}

// cut returns a directory with what the power cut leaves of another one.
func (p *power) cut(t *testing.T, dir string) string {
	t.Helper()
	left := t.TempDir()
	if p.unsure[dir] {
		return left
	}
	for name, inode := range p.names[dir] {
		write(t, filepath.Join(left, name), p.synced[inode])
	}
	return left
}

func inode(st os.FileInfo) uint64 { return st.Sys().(*syscall.Stat_t).Ino }

// kill ends a store as the end of its process does: nothing is written or synced.
func (d *Disk) kill() { d.lock.Close() }

type opener func(id framed.ID, dir string) *Disk

// What a power cut leaves has every named snapshot that was put, whole.
func TestNamedAreDurable(t *testing.T) {
	child := framed.ID{9}
	for _, test := range []struct {
		name string
		do   func(t *testing.T, r *rig, open opener, dir string) (at string)
		id   framed.ID
		want string
	}{
		{"the first", func(t *testing.T, r *rig, open opener, dir string) string {
			r.incompressible(1, 2)
			r.put(open(testID, dir), r.take("a", 0))
			return dir
		}, testID, "a"},
		{"one without new pages, after a compaction", func(t *testing.T, r *rig, open opener, dir string) string {
			d := open(testID, dir)
			r.incompressible(1, 2)
			r.put(d, r.take("", 0))
			if err := d.Compact(); err != nil {
				t.Fatal(err)
			}
			r.put(d, r.take("a", 0))
			return dir
		}, testID, "a"},
		{"one whose pages were moved", func(t *testing.T, r *rig, open opener, dir string) string {
			d := open(testID, dir)
			r.incompressible(1, 2, 3, 4, 5, 6, 7, 8)
			r.put(d, r.take("", 0))
			clear(r.mem.ram[3*PageSize:])
			r.store.Forget()
			r.put(d, r.take("a", 0))
			if err := d.Delete(d.List()[0]); err != nil {
				t.Fatal(err)
			}
			if err := d.Compact(); err != nil {
				t.Fatal(err)
			}
			return dir
		}, testID, "a"},
		{"one with pages of a writer that was killed", func(t *testing.T, r *rig, open opener, dir string) string {
			d := open(testID, dir)
			r.incompressible(1, 2)
			r.put(d, r.take("", 0))
			d.kill()
			r.put(open(testID, dir), r.take("a", 0))
			return dir
		}, testID, "a"},
		{"one that is shared, of a writer that was killed", func(t *testing.T, r *rig, open opener, dir string) string {
			d := open(testID, dir)
			r.incompressible(1, 2)
			r.put(d, r.take("", 0))
			d.kill()
			d = open(testID, dir)
			s, err := d.Load(d.List()[0])
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(filepath.Dir(dir), "child")
			r.begins = map[string]bool{"origin": true}
			if err := d.Share(s, to, child, "origin"); err != nil {
				t.Fatal(err)
			}
			return to
		}, child, "origin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, files := newRig(t, 40), &faultyFiles{most: -1, power: newPower()}
			open := func(id framed.ID, dir string) *Disk {
				d, err := openDisk(files, dir, id, len(r.mem.ram), ReadWrite)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				return d
			}
			dir := test.do(t, r, open, filepath.Join(t.TempDir(), "snapshots"))
			d, err := OpenDisk(files.power.cut(t, dir), test.id, len(r.mem.ram), ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			e, ok := d.Named(test.want)
			if !ok {
				t.Fatalf("after a power cut the store has %+v, %v; want %q", d.List(), d.Incomplete(), test.want)
			}
			if err := r.verify(d, e); err != nil {
				t.Errorf("after a power cut %q cannot be read: %v", test.want, err)
			}
		})
	}
}
