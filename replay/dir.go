// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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
// directory may exist if it is empty. The caller gives Version, Created and
// Machine, which must be valid JSON; Create fills in the rest.
func Create(path string, m Manifest) (*Dir, error) {
	hash, err := MachineHash(m.Machine)
	if err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	d := &Dir{path: path, m: m}
	rand.Read(d.id[:])
	d.m.Format, d.m.ID, d.m.MachineHash = FormatVersion, d.id.String(), hash
	d.m.Created, d.m.Files = m.Created.UTC().Round(0), nil
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("creating the recording %s: %w", path, err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("creating the recording %s: the directory is not empty: %w; give another one", path, fs.ErrExist)
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
	return d, nil
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
		return nil, fmt.Errorf("%s is not a recording: it has no %s: %w", path, manifestName, fs.ErrNotExist)
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
		return nil, &ErrMachineMismatch{File: d.LogPath(), What: "recording id", Want: d.id.String(), Got: t.ID().String()}
	}
	return t, err
}

// AddFile stores a copy of src in the recording under a plain name.
func (d *Dir) AddFile(name string, src io.Reader) error {
	if err := checkName(name); err != nil {
		return err
	}
	if d.m.file(name) != nil {
		return fmt.Errorf("adding a file to the recording %s: it has a %q already", d.path, name)
	}
	h := sha256.New()
	var size int64
	err := atomicfile.Write(d.filePath(name), func(w io.Writer) (err error) {
		size, err = io.Copy(io.MultiWriter(w, h), src)
		return err
	})
	if err != nil {
		return fmt.Errorf("adding %q to the recording %s: %w", name, d.path, err)
	}
	d.m.Files = append(d.m.Files, File{name, size, hex.EncodeToString(h.Sum(nil))})
	return d.writeManifest()
}

// OpenFile opens a file of the recording for reading after it has checked that it
// is what was stored (else *ErrDamaged). A name that the recording does not have
// is fs.ErrNotExist.
func (d *Dir) OpenFile(name string) (*os.File, error) {
	want := d.m.file(name)
	if want == nil {
		return nil, fmt.Errorf("the recording %s has no file %q: %w", d.path, name, fs.ErrNotExist)
	}
	damaged := func(what string) error {
		return &ErrDamaged{File: d.filePath(name), Offset: -1, What: what}
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
