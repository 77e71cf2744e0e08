// SPDX-License-Identifier: GPL-2.0-or-later

package main

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
	k := &kernelSymbols{recorded: &recorded{dir: dir}}
	if got, ok := k.readSlide(); ok {
		t.Errorf("before anything was written readSlide = %+v; want nothing", got)
	}
	want := foundSlide{From: 5, At: 700, Slide: 0x1e000000}
	k.writeSlide(want)
	want.Recording = dir.ID().String()
	if got, ok := k.readSlide(); !ok || got != want {
		t.Errorf("readSlide = %+v, %v; want %+v, as written", got, ok, want)
	}
	good, err := os.ReadFile(k.slidePath())
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
		if err := os.WriteFile(k.slidePath(), []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, ok := k.readSlide(); ok {
			t.Errorf("%s: readSlide = %+v; want nothing", c.name, got)
		}
	}
}

func TestGDBTexts(t *testing.T) {
	for _, c := range []struct{ in, word, echo string }{
		{"/tmp/a", "/tmp/a", "/tmp/a"},
		{`/a b/"c"\d`, `/a\ b/\"c\"\\d`, `/a b/"c"\\d`},
		{"it's", `it\'s`, "it's"},
		{"two\nlines", "two\nlines", "two?lines"},
	} {
		if got := gdbWord(c.in); got != c.word {
			t.Errorf("gdbWord(%q) = %q; want %q", c.in, got, c.word)
		}
		if got := echoText(c.in); got != c.echo {
			t.Errorf("echoText(%q) = %q; want %q", c.in, got, c.echo)
		}
	}
}
