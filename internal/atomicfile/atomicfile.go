// SPDX-License-Identifier: GPL-2.0-or-later

// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// host is what Write needs of the host's file system: a test cuts its power.
type host interface {
	CreateTemp(dir, pattern string) (file, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
}

type file interface {
	io.WriteCloser
	Name() string
	Chmod(os.FileMode) error
	Sync() error
}

type hostFiles struct{}

func (hostFiles) CreateTemp(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) }
func (hostFiles) Rename(from, to string) error                 { return os.Rename(from, to) }
func (hostFiles) Remove(path string) error                     { return os.Remove(path) }
func (hostFiles) SyncDir(dir string) error                     { return SyncDir(dir) }

// Write creates or replaces the file at path with what fill writes. The bytes go
// to a temporary file in the same directory, which is synced and then renamed, so
// that a reader, a crash or a power cut sees the old file or the whole new one.
// If anything fails, the old file is untouched and the temporary one is removed.
func Write(path string, fill func(io.Writer) error) error { return write(hostFiles{}, path, fill) }

func write(h host, path string, fill func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := h.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // the first error is the one to report
			h.Remove(f.Name())
		}
	}()
	w := bufio.NewWriter(f)
	if err := fill(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := h.Rename(f.Name(), path); err != nil {
		return err
	}
	return h.SyncDir(dir)
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		d.Close()
		return err
	}
	return d.Close()
}
