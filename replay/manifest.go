// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vmrr/vmrr/internal/badfile"
)

// maxManifest is the largest manifest in bytes that is read.
const maxManifest = 1 << 20

// Manifest says what a recording is of. It is kept as manifest.json, in exactly
// the form encode gives it: anything else is damage.
type Manifest struct {
	Format  uint32          `json:"format"`  // FormatVersion
	Version string          `json:"vmrr"`    // of the vmrr that recorded
	Unicorn string          `json:"unicorn"` // the engine and the build of its library that recorded
	ID      string          `json:"id"`      // of the recording: 32 hexadecimal digits
	Created time.Time       `json:"created"` // host time, UTC
	Machine json.RawMessage `json:"machine"` // every option that shapes the machine
	// MachineHash is the machineHash of Machine.
	MachineHash string  `json:"machine_sha256"`
	Parent      *Parent `json:"parent,omitempty"` // nil: it was recorded on its own
	Origin      *Origin `json:"origin,omitempty"` // nil: it begins at power-on
	Files       []File  `json:"files"`            // in the order in which they were added
	// Check is the SHA-256 of the manifest's encoding with Check empty.
	Check string `json:"check"`
}

// Parent says which recording this one goes on from, and from where in it.
type Parent struct {
	ID       string `json:"id"`
	Path     string `json:"path"` // as it was given; the parent may be elsewhere now
	ICount   uint64 `json:"icount"`
	Sub      uint32 `json:"sub"`
	Snapshot string `json:"snapshot,omitempty"` // that it was resumed from, if it had a name
}

// Origin names the snapshot in which a recording begins.
type Origin struct {
	Snapshot string `json:"snapshot"`
	ICount   uint64 `json:"icount"`
	Sub      uint32 `json:"sub"`
	Start    int64  `json:"start"` // the guest's wall clock at its power-on, s since 1970-01-01 UTC
}

// File is a copy of a boot image or the like inside the recording.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// machineHash returns the SHA-256, in hexadecimal, of a machine configuration in
// canonical JSON: no spaces, the keys of every object sorted.
func machineHash(config json.RawMessage) (string, error) {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("reading a machine configuration: %w", err)
	}
	canonical, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("hashing a machine configuration: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// encode returns the file's bytes and sets Check.
func (m *Manifest) encode() ([]byte, error) {
	c := *m
	c.Check = ""
	b, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	sum := sha256.Sum256(b)
	m.Check = hex.EncodeToString(sum[:])
	b, err = json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return append(b, '\n'), nil
}

// decodeManifest is the inverse of encode; path is for its errors.
func decodeManifest(path string, b []byte) (*Manifest, error) {
	damaged := func(what string) error { return &badfile.DamagedError{File: path, Offset: -1, What: what} }
	if len(b) > maxManifest {
		return nil, damaged(fmt.Sprintf("it has more than %d bytes", maxManifest))
	}
	var version struct {
		Format uint32 `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, damaged(err.Error())
	}
	if version.Format == 0 {
		return nil, damaged("it does not say which format it has")
	}
	if version.Format != FormatVersion {
		return nil, &badfile.VersionError{File: path, Got: version.Format, Want: FormatVersion}
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, damaged(err.Error())
	}
	check := m.Check
	want, err := m.encode()
	if err != nil || m.Check != check || !bytes.Equal(b, want) {
		return nil, damaged("it is not what was written: its check does not match its contents")
	}
	if err := m.check(); err != nil {
		return nil, damaged(err.Error())
	}
	return m, nil
}

// check checks what the rest of the program relies on.
func (m *Manifest) check() error {
	if _, err := m.id(); err != nil {
		return err
	}
	if hash, err := machineHash(m.Machine); err != nil || hash != m.MachineHash {
		return errors.New("the hash of its machine does not match the machine")
	}
	for _, f := range m.Files {
		if err := CheckName(f.Name); err != nil {
			return err
		}
	}
	if m.Parent != nil {
		if _, err := parseID(m.Parent.ID); err != nil {
			return fmt.Errorf("its parent: %w", err)
		}
	}
	if m.Parent != nil && m.Parent.Snapshot != "" {
		if err := CheckName(m.Parent.Snapshot); err != nil {
			return fmt.Errorf("its parent: %w", err)
		}
	}
	if m.Origin != nil {
		if err := CheckName(m.Origin.Snapshot); err != nil {
			return fmt.Errorf("its origin: %w", err)
		}
	}
	return nil
}

func (m *Manifest) id() (ID, error) { return parseID(m.ID) }

func parseID(s string) (id ID, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("the recording id %q is not %d hexadecimal digits", s, 2*len(id))
	}
	return ID(b), nil
}

// file returns the entry of that name, nil if there is none.
func (m *Manifest) file(name string) *File {
	for i := range m.Files {
		if m.Files[i].Name == name {
			return &m.Files[i]
		}
	}
	return nil
}

// CheckName accepts the plain names of files and snapshots: letters, digits, "-",
// "_" and, not at the start, ".".
func CheckName(name string) error {
	if name == "" || len(name) > maxName || name[0] == '.' {
		return fmt.Errorf("%q is not a name in a recording: want 1 to %d characters, not starting with a dot", name, maxName)
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return fmt.Errorf("%q is not a name in a recording: it has a %q", name, c)
		}
	}
	return nil
}
