// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// errStopped is what a faultyFiles returns once it does no more.
var errStopped = errors.New("the test stops here")

// faultyFiles is the host's file system, which after a number of steps changes
// nothing any more, as if the process were killed there: half of the write that is
// too much still happens. It counts what is read.
type faultyFiles struct {
	hostFiles
	steps int  // taken so far
	most  int  // <0: without end
	once  bool // only one step fails, and those that follow are taken
	noLn  bool
	reads atomic.Int64 // of files' contents
	power *power       // nil: nothing is noted of what is durable
}

func (f *faultyFiles) step() error {
	if f.fails() {
		return errStopped
	}
	return nil
}

// fails counts a step and reports whether it fails.
func (f *faultyFiles) fails() bool {
	at := f.steps
	f.steps++
	return f.most >= 0 && (at == f.most || at > f.most && !f.once)
}

func (f *faultyFiles) MkdirAll(dir string) error {
	if err := f.step(); err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		f.power.newDir(dir)
	}
	return f.hostFiles.MkdirAll(dir)
}

func (f *faultyFiles) Open(path string) (file, error) {
	x, err := f.hostFiles.Open(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{x, f, path}, nil
}

func (f *faultyFiles) Update(path string) (file, error) {
	x, err := f.hostFiles.Update(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{x, f, path}, nil
}

func (f *faultyFiles) Create(path string) (file, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	x, err := f.hostFiles.Create(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{x, f, path}, nil
}

func (f *faultyFiles) Link(from, to string) error {
	if f.noLn {
		return errors.New("links are not possible here")
	}
	if err := f.step(); err != nil {
		return err
	}
	return f.hostFiles.Link(from, to)
}

func (f *faultyFiles) Rename(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.hostFiles.Rename(from, to)
}

func (f *faultyFiles) Remove(path string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.hostFiles.Remove(path)
}

// SyncDir makes nothing durable on the host: no test needs it.
func (f *faultyFiles) SyncDir(dir string) error {
	if err := f.step(); err != nil {
		return err
	}
	f.power.syncDir(dir)
	return nil
}

func (f *faultyFiles) Lock(dir string) (io.Closer, error) { return f.hostFiles.Lock(dir) }

type faultyFile struct {
	file
	fs   *faultyFiles
	path string // that it was opened by
}

func (f *faultyFile) ReadAt(b []byte, at int64) (int, error) {
	f.fs.reads.Add(1)
	return f.file.ReadAt(b, at)
}

func (f *faultyFile) WriteAt(b []byte, at int64) (int, error) {
	first := f.fs.steps == f.fs.most
	switch fails := f.fs.fails(); {
	case fails && first: // only this one is cut in half
		n, _ := f.file.WriteAt(b[:len(b)/2], at)
		return n, errStopped
	case fails:
		return 0, errStopped
	}
	return f.file.WriteAt(b, at)
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.step(); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

// Sync makes nothing durable either.
func (f *faultyFile) Sync() error {
	if err := f.fs.step(); err != nil {
		return err
	}
	return f.fs.power.sync(f)
}
