// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/symbols"
)

// symbolsCommand is `vmrr symbols`.
func symbolsCommand(_ context.Context, stdout io.Writer, args []string) error {
	f := newFlags(stdout, "symbols", "IMAGE [-o FILE]", "Reads the symbols that a kernel, a vmlinuz or vmlinux for x86_64, carries in itself and writes\n"+
		"them as an ELF file for gdb. They are where the kernel is linked: where KASLR moved it by OFFSET\n"+
		"bytes, `symbol-file FILE -o OFFSET` moves them with it. Modules are known in a running machine only:\n"+
		"the word `modules' of vmrr gdb, and of a gdb with vmrr gdbinit, reads theirs.")
	out := f.StringP("output", "o", "", "the file to write (default: IMAGE's name and .symbols, here)")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	image := first(rest)
	if image == "" {
		return usagef("which kernel? `vmrr symbols --help` tells the usage")
	}
	if *out == "" {
		*out = filepath.Base(image) + ".symbols"
	}
	kernel, err := readImage("kernel", image)
	if err != nil {
		return err
	}
	table, err := symbols.Parse(kernel)
	if err != nil {
		return fmt.Errorf("reading the symbols of %s: %w", image, err)
	}
	if err := atomicfile.Write(*out, func(w io.Writer) error { return symbols.WriteELF(w, 0, table) }); err != nil {
		return fmt.Errorf("writing %s: %w", *out, err)
	}
	release, _, _ := strings.Cut(strings.TrimPrefix(table.Version(), "Linux version "), " ")
	fmt.Fprintf(stdout, "%s: %d symbols of Linux %s\n", *out, len(table.Symbols()), release)
	return nil
}
