// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openIn counts the files of a directory that this process has open.
func openIn(t *testing.T, dir string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skip("the open files of a process cannot be counted here")
	}
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// Compactions leave no removed file open, but those of which a snapshot was loaded, and
// these until Close.
func TestCompactClosesFiles(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 40)
	d := r.open(dir, ReadWrite)
	cycle := func() {
		r.incompressible(1, 2, 3)
		r.put(d, r.take("", 0))
		if bad, err := d.Check(); len(bad) > 0 || err != nil { // so that it is open
			t.Fatal(bad, err)
		}
		for len(d.List()) > 1 {
			if err := d.Delete(d.List()[0]); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Compact(); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	before := openIn(t, dir)
	for range 5 {
		cycle()
	}
	if got := openIn(t, dir); got > before {
		t.Errorf("after five more compactions %d files are open; want %d", got, before)
	}
	held, err := d.Load(d.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(r.mem.ram)
	for range 5 {
		cycle()
	}
	if got := openIn(t, dir); got > before+1 {
		t.Errorf("with one snapshot loaded %d files are open; want %d", got, before+1)
	}
	got := make([]byte, len(want))
	if _, err := held.ReadRAM(got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a snapshot that was loaded before: %v, or its RAM is not right", err)
	}
	if d.Close(); openIn(t, dir) != 0 {
		t.Errorf("after Close %d files are open; want none", openIn(t, dir))
	}
}
