// SPDX-License-Identifier: GPL-2.0-or-later

// Command vmrr records a whole machine and lets a person debug its past.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/replay"
)

// Version is the version that recordings name.
const Version = "0.1"

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitDiverged    = 3
	exitDamaged     = 4
	exitInterrupted = 130
)

// command is one subcommand. Each lives in a file of its own.
type command struct {
	name, args, help string
	// out is standard output. That it cannot be written need not be looked at.
	run func(ctx context.Context, out io.Writer, args []string) error
}

func commands() []command {
	return []command{
		{"record", "[machine options] [-o DIR]", "run a machine and record it", record},
		{"replay", "[DIR] [-s] [-S] [--goto ICOUNT]", "replay a recording, for gdb or to look on", replayCommand},
		{"gdb", "[DIR] [--goto ICOUNT] [-- GDB ARGS]", "debug a recording with gdb, the kernel's symbols included", gdbCommand},
		{"run", "[machine options]", "run a machine without a recording", run},
		{"info", "[DIR]", "what a recording is of, what is in it, whether it is whole", info},
		{"dump", "[DIR] [--json]", "print the log of a recording", dump},
		{"snapshots", "list|create|delete [DIR]", "the snapshots that a recording keeps", snapshotsCommand},
		{"resume", "DIR@ICOUNT|SNAPSHOT [-o DIR]", "go on live from an instant of a recording", resume},
		{"verify", "[DIR]", "replay everything and check every state hash", verify},
		{"symbols", "IMAGE [-o FILE]", "write the symbols inside a kernel as an ELF file for gdb", symbolsCommand},
		{"gdbinit", "", "print the commands that vmrr gdb gives to gdb, for another gdb", gdbinit},
		{"selftest", "", "check the CPU engine on this host", selftest},
	}
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errInterrupted ends a command that a signal ended.
var errInterrupted = errors.New("interrupted")

func main() {
	// The engine belongs to one thread: this one.
	runtime.LockOSThread()
	slog.SetDefault(slog.New(terminal.Log()))
	ctx := untilSignal()
	out := &report{ctx: ctx, file: os.Stdout, after: lastWords}
	err := dispatch(ctx, out, os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		err = nil // it was given
	}
	err = also(err, out.close())
	if unsaid := terminal.Unsaid(err); unsaid != nil {
		terminal.Say("%v", unsaid)
	}
	os.Exit(exitCode(err))
}

func dispatch(ctx context.Context, out io.Writer, args []string) error {
	if len(args) == 0 {
		help(os.Stderr)
		return usagef("which command? `vmrr --help` lists them")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 {
			return helpOn(ctx, out, args[1])
		}
		help(out)
		return nil
	case "version", "-version", "--version":
		fmt.Fprintln(out, "vmrr "+Version)
		return nil
	}
	c, err := find(args[0])
	if err != nil {
		return err
	}
	return c.run(ctx, out, args[1:])
}

// find returns the command of that name.
func find(name string) (command, error) {
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, usagef("%q is no command: `vmrr --help` lists them", name)
}

// helpOn is `vmrr help NAME`: the same as `vmrr NAME --help`.
func helpOn(ctx context.Context, out io.Writer, name string) error {
	c, err := find(name)
	if err != nil {
		return err
	}
	return c.run(ctx, out, []string{"--help"})
}

func help(out io.Writer) {
	fmt.Fprint(out, "vmrr records a whole machine and lets you debug its past.\n\nUsage: vmrr COMMAND [options]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-9s %-36s %s\n", c.name, c.args, c.help)
	}
	fmt.Fprint(out, "\n`vmrr COMMAND --help` lists a command's options. Long options may have one dash.\n"+
		"A guest that ends the run through the exit device (port 0xf4) gives vmrr its exit code.\n"+
		"Exit codes: 0 fine, 1 error, 2 usage, 3 the replay diverged, 4 the recording is damaged, 130 interrupted.\n")
}

func exitCode(err error) int {
	var (
		usage      usageError
		diverged   *replay.ErrDiverged
		damaged    *badfile.DamagedError
		cut        *badfile.CutOffError
		ended      *replay.ErrEndOfRecording
		guestEnded *guestExit
		gdbEnded   *gdbExit
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.As(err, &damaged), errors.As(err, &cut),
		errors.As(err, &ended) && ended.CutOff: // cut off before the guest's first instruction
		return exitDamaged
	case errors.As(err, &guestEnded):
		return guestEnded.code
	case errors.As(err, &gdbEnded):
		return gdbEnded.code
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}
