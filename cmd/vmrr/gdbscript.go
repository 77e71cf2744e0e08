// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/timeline"
)

// banner is what gdb shows first. about is a line on the symbols.
func banner(rec *recordings.Recording, t *timeline.Timeline, about string) []string {
	at := "the beginning"
	if here := t.Machine().Moment(); here != t.Begin() {
		at = fmt.Sprintf("icount %d", here.ICount)
	}
	return []string{
		fmt.Sprintf("vmrr: %s, icount %d to %d, now at %s", rec.Dir.Path(), t.Begin().ICount, t.End().ICount, at),
		about,
		"reverse-continue, reverse-stepi and reverse-finish go back. `when' tells where you are,",
		"`goto N' goes elsewhere, `help user-defined' lists vmrr's words.",
	}
}

// writeScript writes what gdb executes before what the user gives it. The symbols are
// there before it connects, so that it shows by name where the machine is. load are
// the commands for them.
func (g *ownGDB) writeScript(banner, load []string) error {
	var b strings.Builder
	b.WriteString(gdbstub.GDBInit)
	for _, line := range banner {
		fmt.Fprintf(&b, "echo %s\\n\n", echoText(line))
	}
	// A search of the whole past is one answer.
	b.WriteString("set remotetimeout 86400\n")
	for _, line := range load {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "target remote %s\n", g.socket())
	if err := os.WriteFile(g.script(), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing gdb's commands: %w", err)
	}
	return nil
}

// echoText writes text so that gdb's echo shows it.
func echoText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ReplaceAll(text, `\`, `\\`))
}

// gdbWord writes a file's name so that gdb takes it for one word.
func gdbWord(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if strings.IndexByte(" \t\\\"'", c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
