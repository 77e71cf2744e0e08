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
)

// maxManifest is the largest manifest in bytes that is read.
const maxManifest = 1 << 20

// Manifest says what a recording is of. It is kept as manifest.json, in exactly
// the form encode gives it: anything else is damage.
type Manifest struct {
	Format  uint32          `json:"format"`  // FormatVersion
	Version string          `json:"vmrr"`    // of the vmrr that recorded
	ID      string          `json:"id"`      // of the recording: 32 hexadecimal digits
	Created time.Time       `json:"created"` // host time, UTC
	Machine json.RawMessage `json:"machine"` // every option that shapes the machine
	// MachineHash is the MachineHash of Machine.
	MachineHash string `json:"machine_sha256"`
	Files       []File `json:"files"` // in the order in which they were added
	// Check is the SHA-256 of the manifest's encoding with Check empty.
	Check string `json:"check"`
}

// File is a copy of a boot image or the like inside the recording.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// MachineHash returns the SHA-256, in hexadecimal, of a machine configuration in
// canonical JSON: no spaces, the keys of every object sorted.
func MachineHash(config json.RawMessage) (string, error) {
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
	damaged := func(what string) error { return &ErrDamaged{File: path, Offset: -1, What: what} }
	if len(b) > maxManifest {
		return nil, damaged(fmt.Sprintf("it has more than %d bytes", maxManifest))
	}
	var version struct {
		Format uint32 `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, damaged(err.Error())
	}
	if version.Format != FormatVersion {
		return nil, &ErrVersion{File: path, Got: version.Format, Want: FormatVersion}
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
	if _, err := m.id(); err != nil {
		return nil, damaged(err.Error())
	}
	if hash, err := MachineHash(m.Machine); err != nil || hash != m.MachineHash {
		return nil, damaged("the hash of its machine does not match the machine")
	}
	for _, f := range m.Files {
		if err := checkName(f.Name); err != nil {
			return nil, damaged(err.Error())
		}
	}
	return m, nil
}

func (m *Manifest) id() (id ID, err error) {
	b, err := hex.DecodeString(m.ID)
	if err == nil && len(b) != len(id) {
		err = errors.New("wrong length")
	}
	if err != nil {
		return id, fmt.Errorf("the recording id %q is not %d hexadecimal digits", m.ID, 2*len(id))
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

// checkName accepts the plain names of files: letters, digits, "-", "_" and, not
// at the start, ".".
func checkName(name string) error {
	if name == "" || len(name) > 100 || name[0] == '.' {
		return fmt.Errorf("%q is not a name for a file in a recording: want 1 to 100 characters, not starting with a dot", name)
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return fmt.Errorf("%q is not a name for a file in a recording: it has a %q", name, c)
		}
	}
	return nil
}
