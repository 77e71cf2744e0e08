// SPDX-License-Identifier: GPL-2.0-or-later

// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// bufferSize is the write buffer in bytes; page data come in 4 KiB pieces.
const bufferSize = 256 << 10

// Write creates or replaces the file at path with what fill writes. The bytes go
// to a temporary file in the same directory, which is synced and then renamed, so
// that a reader, a crash or a power cut sees the old file or the whole new one.
// If anything fails, the old file is untouched and the temporary one is removed.
func Write(path string, fill func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // the first error is the one to report
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, bufferSize)
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
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
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
