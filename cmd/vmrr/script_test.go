// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vmrr": main})
}

// guests is where `make guests` puts the test guests.
const guests = "../../build/guests/x86_64"

// TestScripts runs the command line as a user types it: testdata/script/*.txtar.
// $GUESTS holds the kernel and the initrd, $TICKER and $MODES are the small kernels of
// testdata/ticker and testdata/modes, and $LINES is the first with its lines for gdb.
func TestScripts(t *testing.T) {
	dir, err := filepath.Abs(guests)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vmlinux")); err != nil {
		t.Fatalf("the test guests are missing: %v; run `make guests` first", err)
	}
	ticker, lines, modes := link(t, "ticker"), link(t, "ticker", "-g"), link(t, "modes")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GUESTS", dir)
			e.Setenv("TICKER", ticker)
			e.Setenv("LINES", lines)
			e.Setenv("MODES", modes)
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			e.Values[environment{}], e.Values[processes{}] = &e.Vars, map[string]*process{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"damage":   damage,
			"truncate": truncate,
			"listing":  listing,
			"start":    start,
			"send":     send,
			"ends":     ends,
			"type":     typed,
			"hangup":   hangup,
			"waitfor":  waitfor,
			"busy":     busy,
			"hmp":      hmp,
			"qmp":      qmpTalk,
		},
		Condition: func(name string) (bool, error) {
			if name != "namespaces" {
				return false, fmt.Errorf("%q is no condition", name)
			}
			// Whether a user may mount something for himself.
			return exec.Command("unshare", "-rm", "true").Run() == nil, nil
		},
	})
}

// link makes the small kernel NAME of testdata/NAME, with gcc's options, and returns
// where it is.
func link(t *testing.T, name string, options ...string) (path string) {
	t.Helper()
	source, script := filepath.Join("testdata", name, name+".S"), "testdata/ticker/ticker.ld"
	for _, name := range []string{source, script} {
		if _, err := os.ReadFile(name); err != nil { // tells go test what its cached result depends on
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), name)
	cmd := exec.Command("gcc", append(options, "-nostdlib", "-static", "-no-pie", "-Wl,-N", "-Wl,-T,"+script, "-Wl,--build-id=none",
		"-Wa,--fatal-warnings", "-o", path, source)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making the small kernel: %v\n%s", err, msg)
	}
	return path
}
