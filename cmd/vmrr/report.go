// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"github.com/vmrr/vmrr/frontend/terminal"
)

// report is what a command prints on standard output. It remembers an error, so that a
// command need not look at each line's.
type report struct {
	file *os.File

	mu   sync.Mutex
	used bool  // something was written
	err  error // the first
}

// Write implements io.Writer.
func (r *report) Write(p []byte) (int, error) {
	if err := r.failed(nil); err != nil {
		return 0, err
	}
	n, err := r.file.Write(p)
	return n, r.failed(err)
}

// failed notes an error, and returns the first. A reader that has read enough and is
// gone need not be told of it.
func (r *report) failed(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = true
	switch {
	case err == nil || r.err != nil:
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
