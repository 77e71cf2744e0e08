// SPDX-License-Identifier: GPL-2.0-or-later

// Package replay writes down everything nondeterministic that reaches a machine
// and gives it back at the same instants. Live is the host's side of the
// machine's door (machine.Inputs), Recorder writes what passes through it to a
// log, Player plays a log back, and Dir is the directory that holds a recording.
//
// # The log file
//
// A log is a header and a sequence of frames; it only ever grows at its end.
// Integers of fixed size are little-endian, the others are unsigned varints.
//
//	header  magic "vmrr log" | u32 format version | u8[16] recording id | u32 CRC32C of these
//	frame   u8 kind | u24 payload length | u32 head check | payload | u32 frame check | u8 0xA5
//
// The head check is the CRC32C of the recording id, the frame's offset in the
// file (u64) and the first four bytes of the frame; the frame check goes on
// over the head check and the payload. So a length is believed only when it is
// known to be good, and a frame copied from elsewhere is not taken for this one.
//
// Every payload begins with the record's moment (icount, sub), and moments never
// go back. The payloads are in record.go.
//
// A file that ends before the end record was cut off (the recorder was killed, the
// disk was full): everything before the cut is good, and the reader says where it
// is with ErrTruncated. A tail of zeros that swallowed the rest of a frame, as a
// power cut leaves it, counts as cut off too: that is what the frame's last byte
// is for. A frame whose check fails otherwise is ErrDamaged.
package replay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// FormatVersion is the version of the log and of the recording directory.
// Another version is refused with ErrVersion.
const FormatVersion = 1

// Sizes in bytes.
const (
	headerSize   = 32
	frameHead    = 8 // kind, length, head check
	frameTail    = 5 // frame check, frameEnd
	maxPayload   = 1 << 20
	maxInputData = 64 << 10 // bytes of one Input
	maxReason    = 1 << 10  // bytes of an end's reason
	maxLogSize   = 1 << 30  // a Player holds the log in memory
)

const (
	logMagic = "vmrr log"
	frameEnd = 0xA5 // the last byte of a frame; it must not be zero
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ID identifies one recording; log, manifest and snapshots carry it.
type ID [16]byte

func (id ID) String() string { return fmt.Sprintf("%x", id[:]) }

func encodeHeader(id ID) []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, logMagic...)
	b = binary.LittleEndian.AppendUint32(b, FormatVersion)
	b = append(b, id[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHeader reads the header of the named file; b may be shorter than a
// header if the file is.
func decodeHeader(name string, b []byte) (ID, error) {
	magic := b[:min(len(b), len(logMagic))]
	if !bytes.HasPrefix([]byte(logMagic), magic) {
		return ID{}, &ErrDamaged{File: name, What: fmt.Sprintf("it begins with %q, a vmrr log begins with %q", magic, logMagic)}
	}
	if len(b) < headerSize {
		return ID{}, &ErrTruncated{File: name, Offset: int64(len(b))}
	}
	sum := crc32.Checksum(b[:headerSize-4], castagnoli)
	if got := binary.LittleEndian.Uint32(b[headerSize-4:]); got != sum {
		return ID{}, &ErrDamaged{File: name, What: fmt.Sprintf("the header has checksum %08x, its bytes give %08x", got, sum)}
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != FormatVersion {
		return ID{}, &ErrVersion{File: name, Got: v, Want: FormatVersion}
	}
	return ID(b[12:28]), nil
}

// frameBase begins the checksum of the frame at a file offset.
func frameBase(id ID, offset int64) uint32 {
	var b [24]byte
	copy(b[:], id[:])
	binary.LittleEndian.PutUint64(b[16:], uint64(offset))
	return crc32.Checksum(b[:], castagnoli)
}

// appendFrame appends the frame that will stand at offset in the file to b.
func appendFrame(b []byte, id ID, offset int64, kind Kind, payload []byte) []byte {
	start := len(b)
	n := len(payload)
	b = append(b, byte(kind), byte(n), byte(n>>8), byte(n>>16))
	sum := crc32.Update(frameBase(id, offset), castagnoli, b[start:])
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = append(b, payload...)
	sum = crc32.Update(sum, castagnoli, b[start+4:])
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, frameEnd)
}
