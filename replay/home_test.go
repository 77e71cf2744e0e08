// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestHome(t *testing.T) {
	data := t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	noLatest := func(says string) {
		t.Helper()
		if _, err := Latest(); !errors.Is(err, fs.ErrNotExist) || err.Error() != says {
			t.Errorf("Latest = %v; want not-exist, saying %q", err, says)
		}
	}
	noLatest("there is no latest recording in " + filepath.Join(data, "vmrr") + ": name one, or make one with vmrr record")
	for _, want := range []string{"0001", "0002"} {
		d, err := CreateNext(testManifest)
		if err != nil {
			t.Fatal(err)
		}
		dir := d.Path()
		if dir != filepath.Join(data, "vmrr", want) {
			t.Fatalf("CreateNext makes %q; want %s", dir, want)
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
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	noLatest("the latest recording was " + other + ", which is gone: name another one")
	os.Mkdir(filepath.Join(data, "vmrr", "0041"), 0o755)
	if _, err := CreateNext(Manifest{}); err == nil {
		t.Error("CreateNext of an empty manifest gives no error")
	}
	d, err := CreateNext(testManifest)
	if err != nil || filepath.Base(d.Path()) != "0042" {
		t.Fatalf("CreateNext after 0041 = %+v, %v", d, err)
	}
	if err := d.Discard(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "vmrr", "0042*")); len(left) != 0 {
		t.Errorf("a discarded recording leaves %q", left)
	}
}
