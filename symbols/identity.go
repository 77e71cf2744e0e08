// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

// Identity is what tells one build of a kernel from another. What a file does not
// say is empty.
type Identity struct {
	BuildID string // the linker's, as bytes
	Banner  string // "Linux version ...", without the final newline
}

// maxNotes and maxRodata bound the sections that Identify reads, in bytes; Debian's
// kernels have 500 and 15 M.
const (
	maxNotes  = 1 << 20
	maxRodata = 256 << 20
)

// Identify reads what a vmlinux says of its build, with debug information or without.
// Of a large file it reads little.
func Identify(vmlinux io.ReaderAt) (id Identity, err error) {
	f, err := elf.NewFile(vmlinux)
	if err != nil {
		return id, fmt.Errorf("it is no ELF file: %w", err)
	}
	id.BuildID = readBuildID(f)
	if s := f.Section(".rodata"); s != nil && s.Type == elf.SHT_PROGBITS && s.Size <= maxRodata {
		data, err := s.Data()
		if err != nil {
			return id, fmt.Errorf("reading its section %s: %w", s.Name, err)
		}
		img := image{segments: []segment{{s.Addr, data}}}
		if b, err := img.findBanner(); err == nil {
			id.Banner = b.text
		}
	}
	return id, nil
}

// ErrUnknownBuild says that nothing tells whether a file is of the same build.
var ErrUnknownBuild = errors.New("it cannot be told whether it is the recorded kernel, which has neither build id nor banner")

// Check returns an error if other is another build: if both have a build id, that
// decides. The error is ErrUnknownBuild if that cannot be told.
func (id Identity) Check(other Identity) error {
	switch {
	case id.BuildID != "" && other.BuildID != "":
		if id.BuildID != other.BuildID {
			return fmt.Errorf("it is another kernel than the recorded one: its build id is %x, want %x", other.BuildID, id.BuildID)
		}
	case id.Banner != "" && id.Banner != other.Banner:
		return fmt.Errorf("it is another kernel than the recorded one: its banner is %q, want %q", other.Banner, id.Banner)
	case id.Banner == "":
		return ErrUnknownBuild
	}
	return nil
}

// Identity returns what tells the table's kernel from others.
func (t *Table) Identity() Identity { return Identity{BuildID: t.image.buildID, Banner: t.banner.text} }

// gnuBuildID is the type of the note, with the owner GNU (NT_GNU_BUILD_ID in elf.h).
const gnuBuildID = 3

// readBuildID returns the build id of a file; empty if none can be read.
func readBuildID(f *elf.File) string {
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOTE || s.Size > maxNotes {
			continue
		}
		if notes, err := s.Data(); err == nil {
			if id := buildID(notes); id != "" {
				return id
			}
		}
	}
	return ""
}

// buildID looks for a build id in notes: three 32-bit words, the lengths of the
// owner's name and of the contents and the type, and the two, padded to 4 bytes each.
func buildID(notes []byte) string {
	const header = 12
	for len(notes) >= header {
		name, desc, kind := uint64(le.Uint32(notes)), uint64(le.Uint32(notes[4:])), le.Uint32(notes[8:])
		notes = notes[header:]
		from := (name + 3) &^ 3
		if from+desc > uint64(len(notes)) {
			return ""
		}
		if kind == gnuBuildID && bytes.Equal(notes[:name], []byte("GNU\x00")) {
			return string(notes[from : from+desc])
		}
		notes = notes[min(uint64(len(notes)), from+(desc+3)&^3):]
	}
	return ""
}
