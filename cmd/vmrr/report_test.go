// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A signal ends who prints on a pipe that nobody reads.
func TestReportGivesUp(t *testing.T) {
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer pipe.Close()
	ctx, signal := context.WithCancel(t.Context())
	r := &report{ctx: ctx, file: pipe, after: 1}
	const size = 1 << 20
	go func() {
		reader.Read(make([]byte, 1)) // the pipe is being written to
		signal()
	}()
	if _, err := r.Write(make([]byte, size)); err != errInterrupted {
		t.Errorf("%d bytes for a pipe that nobody reads, and a signal: error %v; want %v", size, err, errInterrupted)
	}
	if err := r.close(); err != errInterrupted {
		t.Errorf("closing it: error %v; want %v", err, errInterrupted)
	}
}

// Commands print on what they are given, which sees to errors.
func TestNobodyPrintsPastTheReport(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d source files, error %v", len(files), err)
	}
	past := regexp.MustCompile(`fmt\.Print|os\.Stdout`)
	for _, name := range files {
		// gdbprocess.go gives standard output to gdb.
		if strings.HasSuffix(name, "_test.go") || name == "main.go" || name == "gdbprocess.go" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := past.Find(b); found != nil {
			t.Errorf("%s has %s; want it to print on what its command is given", name, found)
		}
	}
}
