// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"io"

	"github.com/vmrr/vmrr/gdbstub"
)

// gdbinit is `vmrr gdbinit`.
func gdbinit(_ context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "gdbinit", "", "Prints commands for gdb: words for vmrr's monitor commands, and hooks that drop what\n"+
		"gdb remembers of the machine after one that moved it. Put them in a file and start gdb\n"+
		"with -x FILE. vmrr gdb does that by itself.")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	_, err := io.WriteString(out, gdbstub.GDBInit)
	return err
}
