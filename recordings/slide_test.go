// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/replay"
)

// What is remembered of a search for the kernel is used only if it is of this recording
// and can be true.
func TestRememberedSlide(t *testing.T) {
	dir, err := replay.Create(filepath.Join(t.TempDir(), "rec"), replay.Manifest{Version: "test", Unicorn: "test",
		Created: time.Unix(0, 0), Machine: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	r := &Recording{Dir: dir}
	if got, ok := r.FoundSlide(); ok {
		t.Errorf("before anything was written FoundSlide = %+v; want nothing", got)
	}
	want := FoundSlide{From: 5, At: 700, Slide: 0x1e000000}
	r.KeepSlide(want)
	if got, ok := r.FoundSlide(); !ok || got != want {
		t.Errorf("FoundSlide = %+v, %v; want %+v, as written", got, ok, want)
	}
	good, err := os.ReadFile(r.slidePath())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"of another recording", dir.ID().String()[:8], "00000000"},
		{"not a place of kernels", "503316480", "503316481"},
		{"too far", "503316480", "5033164800"},
		{"of another version", `"from"`, `"since"`},
		{"cut off", "}", ""},
	} {
		bad := strings.Replace(string(good), c.old, c.new, 1)
		if bad == string(good) {
			t.Fatalf("%s: %s has no %q", c.name, good, c.old)
		}
		if err := os.WriteFile(r.slidePath(), []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, ok := r.FoundSlide(); ok {
			t.Errorf("%s: FoundSlide = %+v; want nothing", c.name, got)
		}
	}
}
