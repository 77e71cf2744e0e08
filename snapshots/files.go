// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/vmrr/vmrr/internal/atomicfile"
)

// filesystem is what a Disk does to the host's: an interface, so that a test can
// have it fail, or stop, at any step.
type filesystem interface {
	MkdirAll(dir string) error
	ReadDir(dir string) (names []string, err error)
	Open(path string) (file, error)   // for reading
	Update(path string) (file, error) // an existing one, for writing
	Create(path string) (file, error) // a new one, for writing
	Size(path string) (int64, error)
	Link(from, to string) error
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
	// Lock keeps other processes' Locks of the directory away until it is closed.
	Lock(dir string) (io.Closer, error)
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// hostFiles is the host's file system.
type hostFiles struct{}

type hostFile struct{ *os.File }

func (f hostFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (hostFiles) open(path string, flags int) (file, error) {
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	return hostFile{f}, nil
}

func (h hostFiles) Open(path string) (file, error)   { return h.open(path, os.O_RDONLY) }
func (h hostFiles) Update(path string) (file, error) { return h.open(path, os.O_RDWR) }
func (h hostFiles) Create(path string) (file, error) {
	return h.open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (hostFiles) MkdirAll(dir string) error    { return os.MkdirAll(dir, 0o755) }
func (hostFiles) Link(from, to string) error   { return os.Link(from, to) }
func (hostFiles) Rename(from, to string) error { return os.Rename(from, to) }
func (hostFiles) Remove(path string) error     { return os.Remove(path) }
func (hostFiles) SyncDir(dir string) error     { return atomicfile.SyncDir(dir) }

func (hostFiles) Size(path string) (int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (hostFiles) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (hostFiles) Lock(dir string) (io.Closer, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another process is writing to %s", dir)
	}
	return nil, fmt.Errorf("locking %s: %w", dir, err)
}
