// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each word executes the monitor's command of that name, with its arguments.
func TestGDBWords(t *testing.T) {
	out := gdb(t, newFake(), true, "when", "elapsed-time", "goto", "goto 5G", "goto --console Linux version 6", "seek-ticks 7",
		"checkpoint", "checkpoint here", "info checkpoints", "restart 1", "delete checkpoint 2", "back", "back 3", "forward", "forward 2",
		"who-wrote", "who-wrote $rip+0x10", "who-wrote $rip 8", "when now", "restart 1 2", "help restart", "echo end")
	expectInOrder(t, out, `: "when"`, `: "elapsed-time"`, `: "goto"`, `: "goto 5G"`, `: "goto --console Linux version 6"`, `: "seek-ticks 7"`,
		`: "checkpoint"`, `: "checkpoint here"`, `: "info checkpoints"`, `: "restart 1"`, `: "delete checkpoint 2"`, `: "back"`, `: "back 3"`,
		`: "forward"`, `: "forward 2"`, `: "who-wrote"`, `: "who-wrote 0x1010"`, `: "who-wrote 0x1000 8"`, `: "when"`,
		"restart takes no more than 1 words.", "Go to a checkpoint", "end")
}

// Reading the script changes nothing that the user has set, and asks nothing.
func TestGDBInitAsksNothing(t *testing.T) {
	script := filepath.Join(t.TempDir(), "init.gdb")
	if err := os.WriteFile(script, []byte(GDBInit), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, confirm := range []string{"on", "off"} {
		out := gdb(t, newFake(), true, "set confirm "+confirm, "source "+script, "show confirm", "when")
		expectInOrder(t, out, "operations is "+confirm+".", `: "when"`)
		if strings.Contains(out, "y or n") {
			t.Errorf("with confirm %s gdb asks:\n%s\nwant no question", confirm, out)
		}
	}
}
