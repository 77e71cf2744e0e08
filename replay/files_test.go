// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
)

// emptyDir makes a recording without files.
func emptyDir(t *testing.T) *Dir {
	t.Helper()
	d, err := Create(filepath.Join(t.TempDir(), "rec"), testManifest)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// has checks that a recording, opened again, has a file.
func has(t *testing.T, d *Dir, name, want string) {
	t.Helper()
	again, err := Open(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	f, err := again.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != want {
		t.Errorf("%s reads as %q, error %v; want %q", name, b, err, want)
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	as, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	bs, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(as, bs)
}

func TestLinkFile(t *testing.T) {
	from, d := createTest(t), emptyDir(t)
	for _, name := range []string{"kernel", "initrd.gz"} {
		if err := d.LinkFile(from, name); err != nil {
			t.Fatal(err)
		}
		if !sameFile(t, from.filePath(name), d.filePath(name)) {
			t.Errorf("%s is a copy; want a link", name)
		}
	}
	has(t, d, "kernel", "MZ kernel")
	has(t, d, "initrd.gz", "")
	if err := os.RemoveAll(from.Path()); err != nil {
		t.Fatal(err)
	}
	has(t, d, "kernel", "MZ kernel")
}

// Where links do not work the file is copied. Here there is something in the way
// of the link, and a symbolic link that must not be linked to.
func TestLinkFileCopies(t *testing.T) {
	for name, prepare := range map[string]func(from, d *Dir) error{
		"in the way": func(from, d *Dir) error { return os.WriteFile(d.filePath("kernel"), []byte("old"), 0o644) },
		"symbolic": func(from, d *Dir) error {
			if err := os.Rename(from.filePath("kernel"), from.filePath("moved")); err != nil {
				return err
			}
			return os.Symlink("moved", from.filePath("kernel"))
		},
	} {
		from, d := createTest(t), emptyDir(t)
		if err := prepare(from, d); err != nil {
			t.Fatal(err)
		}
		if err := d.LinkFile(from, "kernel"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if sameFile(t, from.filePath("kernel"), d.filePath("kernel")) {
			t.Errorf("%s: the file is a link; want a copy", name)
		}
		has(t, d, "kernel", "MZ kernel")
	}
}

func TestLinkFileRefusals(t *testing.T) {
	from, d := createTest(t), createTest(t)
	if err := d.LinkFile(from, "kernel"); err == nil {
		t.Error("LinkFile over a file that is there has no error")
	}
	d = emptyDir(t)
	if err := d.LinkFile(from, "nosuch"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LinkFile of no file = %v; want not-exist", err)
	}
	if err := d.LinkFile(from, "../manifest.json"); err == nil {
		t.Error("LinkFile of a path has no error")
	}
	if err := os.WriteFile(from.filePath("kernel"), []byte("MZ kernal"), 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *badfile.DamagedError
	if err := d.LinkFile(from, "kernel"); !errors.As(err, &damaged) || damaged.File != from.filePath("kernel") {
		t.Errorf("LinkFile of a damaged file = %v; want DamagedError naming it", err)
	}
	if len(d.Manifest().Files) != 0 {
		t.Errorf("then the recording has the files %v; want none", d.Manifest().Files)
	}
}
