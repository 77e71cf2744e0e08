// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/internal/badfile"
)

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var testManifest = Manifest{
	Version: "0.1",
	Created: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.FixedZone("x", 3600)),
	Machine: json.RawMessage(`{"ram": 268435456, "cpu":"qemu64", "append":"a<b>&c"}`),
	Unicorn: "unicorn 1 on 0123abcd",
}

// resumedManifest is that of a recording that goes on from another one.
func resumedManifest() Manifest {
	m := testManifest
	m.Parent = &Parent{ID: testID.String(), Path: "../a <b>", ICount: 1<<64 - 1, Sub: 3, Snapshot: "init"}
	m.Origin = &Origin{Snapshot: "origin", ICount: 1<<64 - 1, Sub: 3}
	return m
}

func createTest(t *testing.T) *Dir {
	t.Helper()
	d, err := Create(filepath.Join(t.TempDir(), "rec"), testManifest)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"kernel": "MZ kernel", "initrd.gz": ""} {
		if err := d.AddFile(name, strings.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestDirRoundTrip(t *testing.T) {
	d := createTest(t)
	got, err := Open(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	if m := got.Manifest(); got.ID() != d.ID() || !m.Created.Equal(testManifest.Created) || m.Version != "0.1" || len(m.Files) != 2 {
		t.Errorf("the manifest read is %+v", m)
	}
	f, err := got.OpenFile("kernel")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, _ := io.ReadAll(f); string(b) != "MZ kernel" {
		t.Errorf("the kernel read is %q", b)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../x", ".hidden", "ä", strings.Repeat("x", 101), "kernel"} {
		if err := d.AddFile(name, strings.NewReader("")); err == nil {
			t.Errorf("AddFile(%q) gives no error", name)
		}
	}
	if _, err := got.OpenFile("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenFile of no file = %v; want not-exist", err)
	}
}

func TestDirDamage(t *testing.T) {
	d := createTest(t)
	kernel := d.filePath("kernel")
	for name, damage := range map[string]func(){
		"flipped": func() { os.WriteFile(kernel, []byte("MZ kernal"), 0o644) },
		"shorter": func() { os.WriteFile(kernel, []byte("MZ"), 0o644) },
		"missing": func() { os.Remove(kernel) },
	} {
		damage()
		var damaged *badfile.DamagedError
		if _, err := d.OpenFile("kernel"); !errors.As(err, &damaged) || damaged.File != kernel {
			t.Errorf("kernel %s: %v; want DamagedError", name, err)
		}
	}
	var damaged *badfile.DamagedError
	if _, err := d.LoadTape(); !errors.As(err, &damaged) {
		t.Errorf("no log: %v; want DamagedError", err)
	}
	w, err := CreateLog(d.LogPath(), testID)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	var other *badfile.OtherRecordingError
	if _, err := d.LoadTape(); !errors.As(err, &other) {
		t.Errorf("a log of another recording: %v; want OtherRecordingError", err)
	}
}

// A place where there is no recording is told from one that lost its manifest.
func TestOpenWithoutManifest(t *testing.T) {
	base := t.TempDir()
	lost := createTest(t).Path()
	for path, b := range map[string][]byte{
		filepath.Join(base, "file"):       []byte("x"),
		filepath.Join(lost, "events.log"): nil,
	} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(lost, manifestName)); err != nil {
		t.Fatal(err)
	}
	var damaged *badfile.DamagedError
	for _, test := range []struct {
		path            string
		missing, damage bool
		says            string
	}{
		{base, true, false, base + " is not a recording: the directory has no manifest.json"},
		{filepath.Join(base, "nowhere"), true, false, "there is no recording " + filepath.Join(base, "nowhere")},
		{filepath.Join(base, "file"), true, false, filepath.Join(base, "file") + " is not a recording: that is a directory"},
		{lost, false, true, filepath.Join(lost, manifestName) + " is damaged: it is missing"},
	} {
		_, err := Open(test.path)
		if err == nil || errors.Is(err, fs.ErrNotExist) != test.missing || errors.As(err, &damaged) != test.damage ||
			!strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "file does not exist") {
			t.Errorf("Open(%s) = %v; want it to say %q", test.path, err, test.says)
		}
	}
}

func TestCreateRefusals(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	os.WriteFile(file, nil, 0o644)
	empty := filepath.Join(base, "empty")
	os.Mkdir(empty, 0o755)
	for _, test := range []struct {
		path string
		ok   bool
	}{{base, false}, {file, false}, {filepath.Join(file, "x"), false}, {empty, true}, {empty, false}} {
		if _, err := Create(test.path, testManifest); (err == nil) != test.ok || err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("Create(%s) = %v; want success: %v", test.path, err, test.ok)
		}
	}
	for name, change := range map[string]func(*Manifest){
		"a broken machine":         func(m *Manifest) { m.Machine = json.RawMessage("{") },
		"a parent without an id":   func(m *Manifest) { m.Parent.ID = "" },
		"a parent's bad snapshot":  func(m *Manifest) { m.Parent.Snapshot = "a/b" },
		"an origin without a name": func(m *Manifest) { m.Origin.Snapshot = "" },
	} {
		m := resumedManifest()
		change(&m)
		path := filepath.Join(base, "new")
		if _, err := Create(path, m); err == nil {
			t.Errorf("Create with %s gives no error", name)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("Create with %s leaves a directory", name)
		}
	}
}

// Discard leaves what was there before Create.
func TestDiscard(t *testing.T) {
	for _, before := range []string{"", "a", "a/b/rec"} {
		base := t.TempDir()
		if err := os.MkdirAll(filepath.Join(base, before), 0o755); err != nil {
			t.Fatal(err)
		}
		d, err := Create(filepath.Join(base, "a", "b", "rec"), testManifest)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.AddFile("kernel", strings.NewReader("MZ")); err != nil {
			t.Fatal(err)
		}
		if err := d.Discard(); err != nil {
			t.Error(err)
		}
		var left []string
		filepath.WalkDir(base, func(path string, _ fs.DirEntry, err error) error {
			left = append(left, path)
			return err
		})
		if last := left[len(left)-1]; last != filepath.Join(base, before) {
			t.Errorf("where there was %q, a recording that is discarded leaves %q", before, last)
		}
	}
}

// durable returns what a power cut leaves of the names in directories: those that
// were there when their directory was last synced. From a failing sync of the
// directory named fail on the rest is not done.
func durable(t *testing.T, fail string) map[string]bool {
	names := map[string]bool{}
	syncDir = func(dir string) error {
		if dir == fail {
			return syscall.EIO
		}
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			names[filepath.Join(dir, e.Name())] = true
		}
		return err
	}
	t.Cleanup(func() { syncDir = atomicfile.SyncDir })
	return names
}

// A power cut behind Create, CreateLog and LinkFile leaves what they made. What is
// in the directory itself package atomicfile syncs with the manifest.
func TestNamesAreDurable(t *testing.T) {
	from, base := createTest(t), t.TempDir()
	names := durable(t, "")
	path := filepath.Join(base, "a", "b", "c")
	d, err := Create(path+"/", testManifest)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.CreateLog()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := d.LinkFile(from, "kernel"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "a/b", "a/b/c", "a/b/c/" + logName, "a/b/c/files/kernel"} {
		if !names[filepath.Join(base, want)] {
			t.Errorf("a power cut takes %s away; it leaves %v", want, names)
		}
	}
}

// A Create that fails leaves what it found, whoever made that.
func TestCreateFailsWithoutATrace(t *testing.T) {
	base := t.TempDir()
	durable(t, filepath.Join(base, "a"))
	if _, err := Create(filepath.Join(base, "a", "b", "c"), testManifest); !errors.Is(err, syscall.EIO) {
		t.Errorf("Create with a parent that cannot be synced = %v; want that error", err)
	}
	if left, _ := os.ReadDir(base); len(left) != 0 {
		t.Errorf("it leaves %v", left)
	}
	// Another recorder has come so far when this one has found the place free.
	other := filepath.Join(base, "other")
	for _, sub := range []string{filesName, snapsName} {
		if err := os.MkdirAll(filepath.Join(other, sub), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := (&Dir{path: other}).create(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating a recording where another one comes to be = %v; want exist", err)
		}
		if _, err := os.Stat(filepath.Join(other, sub)); err != nil {
			t.Errorf("the other one's directory is gone: %v", err)
		}
	}
}
