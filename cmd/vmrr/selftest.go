// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/cpu/unicorn"
)

// selftest is `vmrr selftest`.
func selftest(_ context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "selftest", "", "Checks that the loaded libunicorn is the one whose insides the engine knows,\nand that the engine on it counts, stops and faults exactly.")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	path, id := unicorn.Library()
	fmt.Fprintf(out, "library   %s\nbuild ID  %s\n", path, id)
	if err := unicorn.CheckLibrary(); err != nil {
		return err
	}
	fmt.Fprintln(out, "layout    as expected")
	n, err := unicorn.SelfTest()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "self-test %d instructions: the same state at each by one run, by steps and through a saved state\n", n)
	return nil
}
