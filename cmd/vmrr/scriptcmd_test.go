// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/rogpeppe/go-internal/testscript"
)

// exits runs `exits CODE COMMAND...` and fails unless the command exits with CODE.
// If that is an error, standard error must end in a message of vmrr's: a line that begins
// with "vmrr: ", and perhaps lines that are indented behind it.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("running %q: %v", args[1:], err)
	}
	stderr := ts.ReadFile("stderr")
	if got != want {
		ts.Fatalf("%q exits with %d, want %d; it says:\n%s", args[1:], got, want, stderr)
	}
	if want != 0 && want != exitInterrupted {
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		for len(lines) > 1 && strings.HasPrefix(lines[len(lines)-1], "      ") {
			lines = lines[:len(lines)-1]
		}
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "vmrr: ") {
			ts.Fatalf("%q says %q, want a sentence behind \"vmrr: \"", args[1:], stderr)
		}
	}
}

// damage runs `damage FILE OFFSET`: it flips a bit of one byte; a negative offset
// counts from the end.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE OFFSET")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x10
	ts.Check(os.WriteFile(path, b, 0o666))
}

// truncate runs `truncate FILE SIZE`.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate FILE SIZE")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// listing runs `listing DIR`: it prints the names of all files in it and the hashes of
// what is in them.
func listing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listing DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(ts.Stdout(), "%s %016x\n", name, xxhash.Sum64(b))
		return err
	}))
}
