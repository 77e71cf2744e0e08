// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/atomicfile"
)

// The names inside a recording.
const (
	manifestName = "manifest.json"
	logName      = "events.log"
	filesName    = "files"
	snapsName    = "snapshots"
)

// Dir is the directory of one recording.
type Dir struct {
	path string
	m    Manifest
	id   ID
}

// Create makes the directory of a new recording and writes its manifest. The
// directory may exist if it is empty. The caller gives Version, Unicorn, Created,
// Machine, which must be valid JSON, and Parent and Origin if there are any;
// Create fills in the rest.
func Create(path string, m Manifest) (*Dir, error) {
	hash, err := MachineHash(m.Machine)
	if err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
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
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	for _, sub := range []string{filesName, snapsName} {
		if err := os.Mkdir(filepath.Join(path, sub), 0o755); err != nil {
			d.clear()
			return nil, fmt.Errorf("creating the recording %s: %w", path, err)
		}
	}
	if err := d.writeManifest(); err != nil {
		d.clear()
		return nil, err
	}
	if err := atomicfile.SyncDir(filepath.Dir(filepath.Clean(path))); err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	return d, nil
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

// clear makes the directory of a failed Create empty again, as far as it can.
func (d *Dir) clear() {
	os.Remove(filepath.Join(d.path, filesName))
	os.Remove(filepath.Join(d.path, snapsName))
}

// Open opens a recording. Its errors are *ErrDamaged and *ErrVersion, and one
// that is fs.ErrNotExist if there is no recording.
func Open(path string) (*Dir, error) {
	name := filepath.Join(path, manifestName)
	b, err := readLimited(name, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noManifest(path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the recording %s: %w", path, err)
	}
	m, err := decodeManifest(name, b)
	if err != nil {
		return nil, err
	}
	id, err := m.id()
	return &Dir{path, *m, id}, err
}

// noManifest says what there is instead of a recording.
func noManifest(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return missingError(fmt.Sprintf("there is no recording %s", path))
	}
	if _, err := os.Stat(filepath.Join(path, logName)); err == nil {
		return &ErrDamaged{File: filepath.Join(path, manifestName), Offset: -1, What: "it is missing"}
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

// CheckMachine returns *ErrMachineMismatch unless config is the configuration of
// the recorded machine.
func (d *Dir) CheckMachine(config json.RawMessage) error {
	got, err := MachineHash(config)
	if err != nil {
		return err
	}
	if got != d.m.MachineHash {
		return &ErrMachineMismatch{File: d.path, What: "machine configuration", Want: d.m.MachineHash, Got: got}
	}
	return nil
}

// CreateLog creates the recording's log.
func (d *Dir) CreateLog() (*Writer, error) { return CreateLog(d.LogPath(), d.id) }

// LoadTape loads the recording's log as the function LoadTape does. A log of
// another recording is *ErrMachineMismatch, a missing one *ErrDamaged.
func (d *Dir) LoadTape() (*Tape, error) {
	t, err := LoadTape(d.LogPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &ErrDamaged{File: d.LogPath(), Offset: -1, What: "it is missing"}
	}
	if t != nil && t.ID() != d.id {
		t.Close()
		return nil, &ErrMachineMismatch{File: d.LogPath(), What: "recording id", Want: d.id.String(), Got: t.ID().String()}
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
