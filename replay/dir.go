// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/internal/badfile"
)

// The names inside a recording.
const (
	manifestName = "manifest.json"
	logName      = "events.log"
	filesName    = "files"
	storesName   = "stores.log"
	snapsName    = "snapshots"
)

// syncDir makes the names in a directory durable. A test looks at what it leaves out.
var syncDir = atomicfile.SyncDir

// Dir is the directory of one recording.
type Dir struct {
	path string
	m    Manifest
	id   ID
	made []string // directories that Create made for it, parents first
}

// Create makes the directory of a new recording and writes its manifest. The
// directory may exist if it is empty. The caller gives Version, Unicorn, Created,
// Machine, which must be valid JSON, and Parent and Origin if there are any;
// Create fills in the rest.
func Create(path string, m Manifest) (*Dir, error) {
	hash, err := machineHash(m.Machine)
	if err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	path = filepath.Clean(path)
	d := &Dir{path: path, m: m}
	rand.Read(d.id[:])
	d.m.Format, d.m.ID, d.m.MachineHash = FormatVersion, d.id.String(), hash
	d.m.Created, d.m.Files = m.Created.UTC().Round(0), nil
	if err := d.m.check(); err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	if err := CheckFree(path); err != nil {
		return nil, err
	}
	if err := d.create(); err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	return d, nil
}

// create makes the directory, the parents that it has not yet, and what is in it,
// all of it durable. If anything fails, it removes what it made and nothing else:
// another recorder may be at the same path.
func (d *Dir) create() (err error) {
	made, err := makeAll(d.path)
	defer func() {
		if err != nil {
			for _, name := range slices.Backward(made) {
				os.Remove(name) // fails if somebody else has put something there
			}
		}
	}()
	if err != nil {
		return err
	}
	dirs := slices.Clone(made)
	d.made = dirs
	for _, sub := range []string{filesName, snapsName} { // files: only one recorder can make it
		name := filepath.Join(d.path, sub)
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
		made = append(made, name)
	}
	made = append(made, filepath.Join(d.path, manifestName))
	if err := d.writeManifest(); err != nil { // syncs what is in the directory as well
		return err
	}
	for _, dir := range append(dirs, d.path) {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// Discard removes a recording that Create has just made, with all that was put into it
// since. What was there before, an empty directory and parents, stays.
func (d *Dir) Discard() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("removing the unfinished recording %s: %w", d.path, err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(d.path, e.Name())); err != nil {
			return fmt.Errorf("removing the unfinished recording %s: %w", d.path, err)
		}
	}
	for _, name := range slices.Backward(d.made) {
		os.Remove(name) // fails if somebody else has put something there
	}
	return nil
}

// makeAll makes a directory and its parents, and returns those that were not there.
func makeAll(path string) (made []string, err error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return nil, nil
	}
	if parent := filepath.Dir(path); parent != path {
		if made, err = makeAll(parent); err != nil {
			return made, err
		}
	}
	err = os.Mkdir(path, 0o755)
	if err == nil {
		return append(made, path), nil
	}
	if st, statErr := os.Stat(path); statErr == nil && st.IsDir() {
		return made, nil // somebody else was faster
	}
	return made, err
}

// CheckFree returns an error unless there is nothing at path, or an empty directory:
// a place for a new recording.
func CheckFree(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("creating the recording %s: %w", path, err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("creating the recording %s: the directory is not empty; give another one", path)
	}
	return nil
}

// Open opens a recording. Its errors are *badfile.DamagedError and
// *badfile.VersionError, and one that is fs.ErrNotExist if there is no recording.
func Open(path string) (*Dir, error) {
	name := filepath.Join(path, manifestName)
	b, err := readLimited(name, maxManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, noManifest(path)
	case errors.Is(err, syscall.ENOTDIR):
		return nil, missingError(fmt.Sprintf("%s is not a recording: that is a directory", path))
	case err != nil:
		return nil, fmt.Errorf("opening the recording %s: %w", path, err)
	}
	m, err := decodeManifest(name, b)
	if err != nil {
		return nil, err
	}
	id, err := m.id()
	return &Dir{path: path, m: *m, id: id}, err
}

// noManifest says what there is instead of a recording.
func noManifest(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return missingError(fmt.Sprintf("there is no recording %s", path))
	}
	if _, err := os.Stat(filepath.Join(path, logName)); err == nil {
		return &badfile.DamagedError{File: filepath.Join(path, manifestName), Offset: -1, What: "it is missing"}
	}
	return missingError(fmt.Sprintf("%s is not a recording: the directory has no %s", path, manifestName))
}

// readLimited reads a file, but little more than limit bytes of it.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// Path returns the directory, LogPath the event log and SnapshotPath the
// directory for snapshots in it.
func (d *Dir) Path() string         { return d.path }
func (d *Dir) LogPath() string      { return filepath.Join(d.path, logName) }
func (d *Dir) SnapshotPath() string { return filepath.Join(d.path, snapsName) }

// Manifest returns a copy of the manifest, and ID the recording's id in it.
func (d *Dir) Manifest() Manifest { return d.m }
func (d *Dir) ID() ID             { return d.id }

// CreateLog creates the recording's log.
func (d *Dir) CreateLog() (*Writer, error) { return CreateLog(d.LogPath(), d.id) }

// LoadTape loads the recording's log as the function LoadTape does. A log of
// another recording is *badfile.OtherRecordingError, a missing one *badfile.DamagedError.
func (d *Dir) LoadTape() (*Tape, error) {
	t, err := LoadTape(d.LogPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &badfile.DamagedError{File: d.LogPath(), Offset: -1, What: "it is missing"}
	}
	if t != nil && t.ID() != d.id {
		t.Close()
		return nil, &badfile.OtherRecordingError{File: d.LogPath(), Want: d.id.String(), Got: t.ID().String()}
	}
	return t, err
}

func (d *Dir) writeManifest() error {
	b, err := d.m.encode()
	if err != nil {
		return err
	}
	if len(b) > maxManifest {
		return fmt.Errorf("the manifest of the recording %s has %d bytes: want at most %d", d.path, len(b), maxManifest)
	}
	err = atomicfile.Write(filepath.Join(d.path, manifestName), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the manifest of the recording %s: %w", d.path, err)
	}
	return nil
}
