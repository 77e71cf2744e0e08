// SPDX-License-Identifier: GPL-2.0-or-later

// Package framed is the form of the files that only grow at their end: a header
// and checked frames. Whatever kills the writer, the frames that are whole stay
// good, and a reader tells a file that was cut off from one that is damaged.
//
//	header  u8[8] magic | u32 format version | u8[16] id | u32 CRC32C of these
//	frame   u8 kind | u24 payload length | u32 head check | payload | u32 frame check | u8 0xA5
//
// Integers are little-endian. The head check is the CRC32C of the id, the frame's
// offset in the file (u64) and the first four bytes of the frame; the frame check
// goes on over the head check and the payload. So a length is believed only when
// it is known to be good, and a frame copied from elsewhere is not taken for one
// of this file. The last byte is not zero: a tail of zeros, as a power cut leaves
// it, is told from a frame.
package framed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/vmrr/vmrr/internal/badfile"
)

// Sizes in bytes.
const (
	HeaderSize = 32
	headSize   = 8         // of a frame: kind, length, head check
	tailSize   = 5         // of a frame: frame check, end byte
	MaxPayload = 1<<24 - 1 // what the length can say
	Overhead   = headSize + tailSize
)

const endByte = 0xA5

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ID tells files of different recordings apart.
type ID [16]byte

// String returns 32 hexadecimal digits.
func (id ID) String() string { return fmt.Sprintf("%x", id[:]) }

// Format is what a file's header says.
type Format struct {
	Magic   string // 8 bytes
	Version uint32
}

// Header returns the first HeaderSize bytes of a file.
func (f Format) Header(id ID) []byte {
	b := make([]byte, 0, HeaderSize)
	b = append(b, f.Magic...)
	b = binary.LittleEndian.AppendUint32(b, f.Version)
	b = append(b, id[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// check reads the header of the named file; b is shorter than a header if the
// file is.
func (f Format) check(name string, b []byte) (ID, error) {
	magic := b[:min(len(b), len(f.Magic))]
	if !bytes.HasPrefix([]byte(f.Magic), magic) {
		return ID{}, &badfile.DamagedError{File: name, What: fmt.Sprintf("it begins with %q, want %q", magic, f.Magic)}
	}
	if len(b) < HeaderSize {
		return ID{}, &badfile.CutOffError{File: name, Offset: int64(len(b))}
	}
	sum := crc32.Checksum(b[:HeaderSize-4], castagnoli)
	if got := binary.LittleEndian.Uint32(b[HeaderSize-4:]); got != sum {
		return ID{}, &badfile.DamagedError{File: name, What: fmt.Sprintf("the header has checksum %08x, its bytes give %08x", got, sum)}
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != f.Version {
		return ID{}, &badfile.VersionError{File: name, Got: v, Want: f.Version}
	}
	return ID(b[12:28]), nil
}

// base begins the checksum of the frame at a file offset.
func base(id ID, offset int64) uint32 {
	var b [24]byte
	copy(b[:], id[:])
	binary.LittleEndian.PutUint64(b[16:], uint64(offset))
	return crc32.Checksum(b[:], castagnoli)
}

// Append appends the frame that will stand at offset in the file to b. A payload
// has at most MaxPayload bytes.
func Append(b []byte, id ID, offset int64, kind byte, payload []byte) []byte {
	start := len(b)
	n := len(payload)
	if n > MaxPayload {
		panic(fmt.Sprintf("framed: a payload of %d bytes, the most is %d", n, MaxPayload))
	}
	b = append(b, kind, byte(n), byte(n>>8), byte(n>>16))
	sum := crc32.Update(base(id, offset), castagnoli, b[start:])
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = append(b, payload...)
	sum = crc32.Update(sum, castagnoli, b[start+4:])
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, endByte)
}
