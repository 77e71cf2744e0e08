// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/symbols"
	"github.com/vmrr/vmrr/timeline"
)

// kernelSymbols makes the symbols of a recording's kernel ready for gdb.
type kernelSymbols struct {
	*recordings.Recording
	timeline *timeline.Timeline
	table    kernelTable
	ignore   bool // what snapshots the recording has
}

// prepare returns a line on the symbols for the user and gdb's commands that load
// them. It moves the machine to find out where the kernel runs.
func (k *kernelSymbols) prepare(ctx context.Context, g *ownGDB) (about string, load []string, err error) {
	var table *symbols.Table
	err = interruptible(ctx, func() (err error) {
		table, err = k.table()
		return err
	})
	none := (*symbols.NoSymbolsError)(nil)
	switch {
	case errors.Is(err, errInterrupted):
		return "", nil, err
	case errors.As(err, &none) && g.vmlinux != "":
		return k.unmoved(g.vmlinux, err)
	case err != nil:
		// Another guest than Linux, or one without kallsyms, is debugged without symbols.
		return fmt.Sprint(err), nil, nil
	}
	given := symbols.Contents{}
	if g.vmlinux != "" {
		if given, err = checkVmlinux(g.vmlinux, table.Identity()); err != nil {
			return "", nil, err
		}
	}
	slide, err := k.slide(ctx, table)
	other := (*symbols.OtherKernelError)(nil)
	switch {
	case errors.Is(err, symbols.ErrNotMapped):
		return release(table) + ": the recording ends before it runs, so there are no symbols", nil, nil
	case errors.As(err, &other):
		return release(table) + " is recorded, but another kernel runs: there are no symbols", nil, nil
	case err != nil:
		return "", nil, fmt.Errorf("finding out where the kernel runs: %w", err)
	}
	about = release(table) + ", where it is linked"
	if slide != 0 {
		about = release(table) + ", moved by " + fmt.Sprintf("%#x", slide) + " (KASLR)"
	}
	own := filepath.Join(g.dir, "kernel.symbols")
	f, err := os.Create(own)
	if err != nil {
		return "", nil, fmt.Errorf("writing the kernel's symbols: %w", err)
	}
	if err := errors.Join(symbols.WriteELF(f, slide, table), f.Close()); err != nil {
		return "", nil, err
	}
	// gdb wants a program, from which it reads nothing: this one has only names.
	program := quiet("exec-file " + gdbWord(own))
	if given.Symbols {
		return about + "; symbols of " + g.vmlinux, []string{program, symbolFile(g.vmlinux, slide)}, nil
	}
	if g.vmlinux != "" {
		about += "; " + g.vmlinux + " has no symbols; the kernel's own, without lines and types"
	} else {
		about += "; its own symbols, without lines and types"
	}
	return about, []string{program, symbolFile(own, 0)}, nil
}

// unmoved is prepare for a kernel without symbols in itself, for the reason given, of
// which it cannot be told where it runs: if it is a vmlinux, where it is linked.
func (k *kernelSymbols) unmoved(vmlinux string, none error) (about string, load []string, err error) {
	file, err := readImage("kernel for --vmlinux", vmlinux)
	if err != nil {
		return "", nil, err
	}
	var given symbols.Contents
	if bytes.Equal(file, k.Config.Kernel) {
		given, _ = symbols.ContentsOf(bytes.NewReader(file)) // what is no ELF file has no symbols
	} else {
		want, _ := symbols.Identify(bytes.NewReader(k.Config.Kernel)) // of what is no ELF file nothing is known
		if given, err = checkVmlinux(vmlinux, want); err != nil {
			return "", nil, err
		}
	}
	if !given.Symbols {
		return fmt.Sprintf("%v; %s has none either", none, vmlinux), nil, nil
	}
	load = []string{quiet("exec-file " + gdbWord(vmlinux)), symbolFile(vmlinux, 0)}
	return "symbols of " + vmlinux + ", where it is linked", load, nil
}

// checkVmlinux refuses a file that is not the recorded kernel, warns where that
// cannot be told, and returns what the file has.
func checkVmlinux(path string, want symbols.Identity) (has symbols.Contents, err error) {
	f, err := os.Open(path)
	if err != nil {
		return has, fmt.Errorf("--vmlinux: %w", err)
	}
	defer f.Close()
	if has, err = symbols.ContentsOf(f); err != nil {
		return has, fmt.Errorf("--vmlinux %s: %w", path, err)
	}
	got, err := symbols.Identify(f)
	if err == nil {
		err = want.Check(got)
	}
	switch {
	case errors.Is(err, symbols.ErrUnknownBuild):
		slog.Warn("the symbols may be of another kernel", "file", path, "err", err)
	case err != nil && got == (symbols.Identity{}) && !has.Loaded:
		return has, fmt.Errorf("--vmlinux %s: it has symbols only, no code or data that would say of which kernel it is; "+
			"if `vmrr symbols` wrote it, leave it out: vmrr gdb reads the kernel's own symbols anyway", path)
	case err != nil:
		return has, fmt.Errorf("--vmlinux %s: %w", path, err)
	}
	return has, nil
}

// symbolFile is gdb's command that reads symbols.
func symbolFile(path string, slide uint64) string {
	command := "symbol-file " + gdbWord(path)
	if slide != 0 {
		command += fmt.Sprintf(" -o %#x", slide)
	}
	return quiet(command)
}

// quiet makes gdb say nothing of which symbols it reads and does not find.
func quiet(command string) string { return "with print symbol-loading off -- " + command }

// release is the kernel's name, as "Linux 6.1.0".
func release(t *symbols.Table) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(t.Version(), "Linux version "), " ")
	return "Linux " + number
}
