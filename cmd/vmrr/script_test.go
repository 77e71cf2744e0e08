// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
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
// $GUESTS holds the kernel and the initrd.
func TestScripts(t *testing.T) {
	dir, err := filepath.Abs(guests)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vmlinux")); err != nil {
		t.Fatalf("the test guests are missing: %v; run `make guests` first", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GUESTS", dir)
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"damage":   damage,
			"truncate": truncate,
			"hmp":      hmp,
			"qmp":      qmpTalk,
		},
	})
}
