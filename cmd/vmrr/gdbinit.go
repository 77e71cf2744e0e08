// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"io"

	"github.com/vmrr/vmrr/gdbstub"
)

// gdbinit is `vmrr gdbinit`.
func gdbinit(_ context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "gdbinit", "", "Prints commands for gdb: after a monitor command that moved the machine they drop\n"+
		"what gdb remembers of it. Put them in a file and start gdb with -x FILE.")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	_, err := io.WriteString(out, gdbstub.GDBInit)
	return err
}
