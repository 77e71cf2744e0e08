// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"

	"github.com/vmrr/vmrr/gdbstub"
)

// gdbinit is `vmrr gdbinit`.
func gdbinit(_ context.Context, args []string) error {
	f := newFlags("gdbinit", "", "Prints commands for gdb: after a monitor command that moved the machine they drop\n"+
		"what gdb remembers of it. Put them in a file and start gdb with -x FILE.")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	fmt.Print(gdbstub.GDBInit)
	return nil
}
