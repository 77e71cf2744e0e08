// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	if err := got.CheckMachine(json.RawMessage(`{"append":"a<b>&c","cpu":"qemu64","ram":268435456}`)); err != nil {
		t.Errorf("the same machine with other spaces and order: %v", err)
	}
	var mismatch *ErrMachineMismatch
	if err := got.CheckMachine(json.RawMessage(`{"append":"a","cpu":"qemu64","ram":268435456}`)); !errors.As(err, &mismatch) {
		t.Errorf("another machine: %v; want ErrMachineMismatch", err)
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

func TestManifestEveryFlipAndCut(t *testing.T) {
	d := createTest(t)
	path := filepath.Join(d.Path(), manifestName)
	whole := mustRead(t, path)
	check := func(what string, i int, b []byte) {
		_, err := decodeManifest(path, b)
		var damaged *ErrDamaged
		var version *ErrVersion
		if !errors.As(err, &damaged) && !errors.As(err, &version) {
			t.Errorf("%s at byte %d: %v; want ErrDamaged or ErrVersion", what, i, err)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s at byte %d: %q does not name the file", what, i, err)
		}
	}
	for i := range whole {
		check("cut", i, whole[:i])
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			check("flip", i, b)
		}
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
		var damaged *ErrDamaged
		if _, err := d.OpenFile("kernel"); !errors.As(err, &damaged) || damaged.File != kernel {
			t.Errorf("kernel %s: %v; want ErrDamaged", name, err)
		}
	}
	var damaged *ErrDamaged
	if _, err := d.LoadTape(); !errors.As(err, &damaged) {
		t.Errorf("no log: %v; want ErrDamaged", err)
	}
	w, err := CreateLog(d.LogPath(), testID)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	var mismatch *ErrMachineMismatch
	if _, err := d.LoadTape(); !errors.As(err, &mismatch) {
		t.Errorf("a log of another recording: %v; want ErrMachineMismatch", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of an empty directory = %v; want not-exist", err)
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
	if _, err := Create(filepath.Join(base, "new"), Manifest{Machine: json.RawMessage("{")}); err == nil {
		t.Error("Create with a broken machine gives no error")
	}
}

func TestHome(t *testing.T) {
	data := t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	if _, err := Latest(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Latest with no recordings = %v; want not-exist", err)
	}
	for _, want := range []string{"0001", "0002"} {
		dir, err := NextDir()
		if err != nil || dir != filepath.Join(data, "vmrr", want) {
			t.Fatalf("NextDir = %q, %v; want %s", dir, err, want)
		}
		if _, err := Create(dir, testManifest); err != nil {
			t.Fatal(err)
		}
		if err := SetLatest(dir); err != nil {
			t.Fatal(err)
		}
		if got, err := Latest(); err != nil || got != dir {
			t.Errorf("Latest = %q, %v; want %q", got, err, dir)
		}
	}
	other := t.TempDir()
	if err := SetLatest(other); err != nil {
		t.Fatal(err)
	}
	if got, err := Latest(); err != nil || got != other {
		t.Errorf("Latest = %q, %v; want %q", got, err, other)
	}
	os.Mkdir(filepath.Join(data, "vmrr", "0041"), 0o755)
	if dir, err := NextDir(); err != nil || filepath.Base(dir) != "0042" {
		t.Errorf("NextDir after 0041 = %q, %v", dir, err)
	}
}
