// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"

	"github.com/vmrr/vmrr/cpu/unicorn"
)

// selftest is `vmrr selftest`.
func selftest(_ context.Context, args []string) error {
	f := newFlags("selftest", "", "Checks that the loaded libunicorn is the one whose insides the engine knows,\nand that the engine on it counts, stops and faults exactly.")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	path, id := unicorn.Library()
	fmt.Printf("library   %s\nbuild ID  %s\n", path, id)
	if err := unicorn.CheckLibrary(); err != nil {
		return err
	}
	fmt.Println("layout    as expected")
	n, err := unicorn.SelfTest()
	if err != nil {
		return err
	}
	fmt.Printf("self-test %d instructions: the same state at each by one run, by steps and through a saved state\n", n)
	return nil
}
