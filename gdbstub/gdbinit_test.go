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
		"checkpoint", "checkpoint here is a note", "info checkpoints", "restart 1", "delete checkpoint 2", "back", "back 3", "forward", "forward 2",
		"who-wrote", "who-wrote $rip+0x10", "who-wrote $rip 8", "who-wrote -p 0x10", "who-wrote -p $rip+1 4", "who-wrote -p", "who-wrote -5 2",
		"when now", "restart 1 2", "checkpoint 1 2 3 4 5 6 7 8 9", "who-wrote 1 2 3 4",
		"help restart", "echo end\\n", "help user-defined")
	expectInOrder(t, out, `: "when"`, `: "elapsed-time"`, `: "goto"`, `: "goto 5G"`, `: "goto --console Linux version 6"`, `: "seek-ticks 7"`,
		`: "checkpoint"`, `: "checkpoint here is a note"`, `: "info checkpoints"`, `: "restart 1"`, `: "delete checkpoint 2"`, `: "back"`, `: "back 3"`,
		`: "forward"`, `: "forward 2"`, `: "who-wrote"`, `: "who-wrote 0x1010"`, `: "who-wrote 0x1000 8"`, `: "who-wrote -p 0x10"`, `: "who-wrote -p 0x1001 4"`, `: "who-wrote -p"`, `: "who-wrote 0xfffffffffffffffb 2"`,
		`: "when"`, "restart takes at most 1 word.", "checkpoint takes at most 8 words.", "who-wrote takes at most 3 words.",
		"Go to a checkpoint", "end", "hook-monitor -- ")
	if _, list, _ := strings.Cut(out, "\nend\n"); !strings.Contains(list, "who-wrote -- ") || strings.Contains(list, "-- User-defined.") {
		t.Errorf("help user-defined says\n%s\nwant who-wrote, and a text for each word", list)
	}
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
