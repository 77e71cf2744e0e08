// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/internal/badfile"
)

// AddFile stores a copy of src in the recording under a plain name.
func (d *Dir) AddFile(name string, src io.Reader) error {
	f, err := d.copyFile(name, src)
	if err != nil {
		return err
	}
	return d.addEntry(f)
}

// copyFile writes a new file of the recording and returns its entry.
func (d *Dir) copyFile(name string, src io.Reader) (File, error) {
	if err := d.checkNew(name); err != nil {
		return File{}, err
	}
	h := sha256.New()
	var size int64
	err := atomicfile.Write(d.filePath(name), func(w io.Writer) (err error) {
		size, err = io.Copy(io.MultiWriter(w, h), src)
		return err
	})
	if err != nil {
		return File{}, fmt.Errorf("adding %q to the recording %s: %w", name, d.path, err)
	}
	return File{name, size, hex.EncodeToString(h.Sum(nil))}, nil
}

// checkNew refuses names that are not plain, and those that there are already.
func (d *Dir) checkNew(name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("adding a file to the recording %s: %w", d.path, err)
	}
	if d.m.file(name) != nil {
		return fmt.Errorf("adding a file to the recording %s: it has a %q already", d.path, name)
	}
	return nil
}

func (d *Dir) addEntry(f File) error {
	d.m.Files = append(d.m.Files, f)
	return d.writeManifest()
}

// LinkFile takes a file over from another recording, by a hard link where the file
// system can do that, else as a copy. It must be what was stored there (else
// *badfile.DamagedError).
func (d *Dir) LinkFile(from *Dir, name string) error {
	if err := d.checkNew(name); err != nil {
		return err
	}
	src, err := from.OpenFile(name)
	if err != nil {
		return fmt.Errorf("taking over %q: %w", name, err)
	}
	defer src.Close()
	want := *from.m.file(name)
	if d.hardLink(from.filePath(name), name) {
		if err := syncDir(filepath.Join(d.path, filesName)); err != nil {
			return fmt.Errorf("adding %q to the recording %s: %w", name, d.path, err)
		}
		return d.addEntry(want)
	}
	got, err := d.copyFile(name, src)
	if err != nil {
		return err
	}
	if got != want {
		return &badfile.DamagedError{File: from.filePath(name), Offset: -1, What: "it changed while it was copied"}
	}
	return d.addEntry(want)
}

// hardLink reports whether it made the file a link to another path. A symbolic link
// is none to link to: it may lead elsewhere from here.
func (d *Dir) hardLink(path, name string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().IsRegular() && os.Link(path, d.filePath(name)) == nil
}

// OpenFile opens a file of the recording for reading after it has checked that it
// is what was stored (else *badfile.DamagedError). A name that the recording does not have
// is fs.ErrNotExist.
func (d *Dir) OpenFile(name string) (*os.File, error) {
	want := d.m.file(name)
	if want == nil {
		return nil, missingError(fmt.Sprintf("the recording %s has no file %q", d.path, name))
	}
	damaged := func(what string) error {
		return &badfile.DamagedError{File: d.filePath(name), Offset: -1, What: what}
	}
	f, err := os.Open(d.filePath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged("it is missing")
	}
	if err != nil {
		return nil, fmt.Errorf("opening %q of the recording: %w", name, err)
	}
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	switch {
	case err != nil:
		err = fmt.Errorf("reading %q of the recording: %w", name, err)
	case size != want.Size:
		err = damaged(fmt.Sprintf("it has %d bytes, %d were stored", size, want.Size))
	case sum != want.SHA256:
		err = damaged(fmt.Sprintf("its SHA-256 is %s, that of what was stored is %s", sum, want.SHA256))
	default:
		return f, nil
	}
	f.Close()
	return nil, err
}

func (d *Dir) filePath(name string) string { return filepath.Join(d.path, filesName, name) }
