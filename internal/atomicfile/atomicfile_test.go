// SPDX-License-Identifier: GPL-2.0-or-later

package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteReplacesWholeFilesOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	put := func(s string, fail error) error {
		return Write(path, func(w io.Writer) error {
			io.WriteString(w, s)
			return fail
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("two", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := put("three", broken); !errors.Is(err, broken) {
		t.Errorf("Write with a failing fill = %v; want %v", err, broken)
	}
	if got, _ := os.ReadFile(path); string(got) != "two" {
		t.Errorf("after a failed Write the file holds %q; want the old %q", got, "two")
	}
	names, _ := os.ReadDir(dir)
	if len(names) != 1 {
		t.Errorf("the directory holds %v; want the file alone", names)
	}
	if err := Write(filepath.Join(dir, "no", "x"), func(io.Writer) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Write into a missing directory = %v; want not-exist", err)
	}
}

// power is a host whose power can be cut: it knows what is on its disk.
type power struct {
	hostFiles
	synced map[string][]byte // contents of files that were synced, by name now
	kept   map[string][]byte // what a power cut leaves, by path
}

func newPower() *power { return &power{synced: map[string][]byte{}, kept: map[string][]byte{}} }

type powerFile struct {
	file
	p *power
}

func (p *power) CreateTemp(dir, pattern string) (file, error) {
	f, err := p.hostFiles.CreateTemp(dir, pattern)
	return powerFile{f, p}, err
}

func (f powerFile) Sync() error {
	b, err := os.ReadFile(f.Name())
	f.p.synced[f.Name()] = b
	return err
}

func (p *power) Rename(from, to string) error {
	p.synced[to] = p.synced[from]
	delete(p.synced, from)
	if _, ok := p.kept[to]; ok {
		p.kept[to] = p.synced[to] // the host may write the new name at once
	}
	return p.hostFiles.Rename(from, to)
}

func (p *power) SyncDir(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		p.kept[path] = p.synced[path]
	}
	return err
}

// What was written is on the disk when Write returns.
func TestWriteSurvivesAPowerCut(t *testing.T) {
	p, path := newPower(), filepath.Join(t.TempDir(), "x")
	for _, want := range []string{"one", "two"} {
		err := write(p, path, func(w io.Writer) error {
			_, err := io.WriteString(w, want)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.kept[path]; len(p.kept) != 1 || !bytes.Equal(got, []byte(want)) {
			t.Errorf("a power cut behind Write(%q) leaves %q", want, p.kept)
		}
	}
}

// That a directory is synced at all shows where Linux refuses it: in /proc.
func TestSyncDirRefused(t *testing.T) {
	for dir, want := range map[string]error{filepath.Join(t.TempDir(), "no"): os.ErrNotExist, "/proc": syscall.EINVAL} {
		if err := SyncDir(dir); !errors.Is(err, want) {
			t.Errorf("SyncDir(%s) = %v; want %v", dir, err, want)
		}
	}
}
