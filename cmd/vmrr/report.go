// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/vmrr/vmrr/frontend/terminal"
)

// lastWords is how long standard output may take what is printed when a signal has come.
const lastWords = 2 * time.Second

// report is what a command prints on standard output. It remembers an error, so that a
// command need not look at each line's. A pipe that takes nothing keeps no command from
// ending when a signal comes: it has a little more time then.
type report struct {
	ctx   context.Context // a signal ends it
	file  *os.File
	after time.Duration // that it waits for the file then

	mu   sync.Mutex
	used bool  // something was written
	err  error // the first
}

// Write implements io.Writer.
func (r *report) Write(p []byte) (int, error) {
	if err := r.failed(nil); err != nil {
		return 0, err
	}
	type result struct {
		n   int
		err error
	}
	// What is given up may still be written, when p is something else already.
	p = slices.Clone(p)
	done := make(chan result, 1)
	go func() {
		n, err := r.file.Write(p)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return got.n, r.failed(got.err)
	case <-r.ctx.Done():
	}
	select {
	case got := <-done:
		return got.n, r.failed(got.err)
	case <-time.After(r.after):
		return 0, r.failed(errInterrupted)
	}
}

// failed notes an error, and returns the first. A reader that has read enough and is
// gone need not be told of it.
func (r *report) failed(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = true
	switch {
	case err == nil || r.err != nil:
	case err == errInterrupted:
		r.err = err
	case errors.Is(err, syscall.EPIPE):
		r.err = terminal.Said(err)
	default:
		r.err = fmt.Errorf("writing to standard output: %w", cause(err))
	}
	return r.err
}

// cause takes the name of the file, which is no news, from an error.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// close reports whether all that was written has arrived: some file systems say only
// then that it has not.
func (r *report) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used && r.err == nil {
		if err := r.file.Close(); err != nil {
			r.err = fmt.Errorf("writing to standard output: %w", cause(err))
		}
	}
	return r.err
}
