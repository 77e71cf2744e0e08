// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// maxFiles is how many files a client may have open. gdb keeps those of which it has
// symbols.
const maxFiles = 16

// Errors as the protocol numbers them, in hex ("GDB manual", "errno Values", and gdb's
// fileio.h): ENOENT, EBADF, EROFS, EINVAL, EMFILE, EIO.
const (
	fileNotThere   = "F-1,2"
	fileBadNumber  = "F-1,9"
	fileReadOnly   = "F-1,1e"
	fileInvalid    = "F-1,16"
	fileTooMany    = "F-1,18"
	fileUnreadable = "F-1,5"
)

// hostIO answers vFile:OPERATION:ARGUMENTS ("GDB manual", "Host I/O Packets"): "F" and
// the result in hex, perhaps with data behind ";". A file is what it was when it was
// opened, wherever the machine goes meanwhile.
func (s *session) hostIO(args string) string {
	operation, args, _ := strings.Cut(strings.TrimPrefix(args, ":"), ":")
	if s.keeper == nil {
		return unsupported
	}
	switch operation {
	case "setfs":
		return "F0" // there is one file system
	case "open":
		return s.openFile(args)
	case "close":
		return s.closeFile(args)
	case "pread":
		return s.readFile(args)
	case "fstat":
		return s.statFile(args)
	}
	return unsupported
}

// openFile answers NAME-IN-HEX,FLAGS,MODE with a descriptor. Flags other than zero are
// for writing.
func (s *session) openFile(args string) string {
	fields := strings.Split(args, ",")
	name, ok := decodeHex(fields[0])
	if len(fields) != 3 || !ok {
		return fileInvalid
	}
	if flags, ok := parseHex(fields[1]); !ok || flags != 0 {
		return fileReadOnly
	}
	for fd := range uint64(maxFiles) {
		if _, taken := s.files[fd]; taken {
			continue
		}
		content, err := s.keeper.OpenFile(string(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fileNotThere
		case err != nil:
			s.log.Debug("gdb gets no file", "name", clip(string(name)), "error", err)
			return fileUnreadable
		}
		s.files[fd] = content
		return fmt.Sprintf("F%x", fd)
	}
	return fileTooMany
}

// file returns a descriptor and its file; ok is false if it is not open.
func (s *session) file(text string) (fd uint64, content []byte, ok bool) {
	if fd, ok = parseHex(text); ok {
		content, ok = s.files[fd]
	}
	return fd, content, ok
}

// closeFile answers FD.
func (s *session) closeFile(args string) string {
	fd, _, ok := s.file(args)
	if !ok {
		return fileBadNumber
	}
	delete(s.files, fd)
	return "F0"
}

// readFile answers FD,COUNT,OFFSET with as much as fits; with nothing behind the end.
func (s *session) readFile(args string) string {
	descriptor, rest, _ := strings.Cut(args, ",")
	_, content, ok := s.file(descriptor)
	if !ok {
		return fileBadNumber
	}
	count, offset, ok := parsePair(rest)
	if !ok {
		return fileInvalid
	}
	const head = len("F10000;")
	part := content[min(offset, uint64(len(content))):]
	part = part[:fitting(string(part), min(count, maxPacket-uint64(head)))]
	return fmt.Sprintf("F%x;%s", len(part), part)
}

// statFile answers FD with a struct stat of the protocol's own ("GDB manual", "struct
// stat"): big-endian numbers, of which all but the type and the size are zero.
func (s *session) statFile(args string) string {
	_, content, ok := s.file(args)
	if !ok {
		return fileBadNumber
	}
	const regular = 0o100444
	var stat [64]byte
	big := func(at, width int, v uint64) {
		for i := range width {
			stat[at+i] = byte(v >> (8 * (width - 1 - i)))
		}
	}
	big(8, 4, regular)
	big(12, 4, 1) // links
	big(28, 8, uint64(len(content)))
	return fmt.Sprintf("F%x;%s", len(stat), stat[:])
}
