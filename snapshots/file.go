// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/vmrr/vmrr/internal/atomicfile"
)

// A snapshot file is, little-endian:
//
//	u8[8]   magic "vmrrsnap"
//	u32     format version
//	u32     length of the machine id
//	u64     size of RAM in bytes
//	        the machine id
//	u64     xxHash64 of all before
//	        the contents (encode.go), zstd-compressed
//	u64     xxHash64 of all before
//	u8[8]   end mark "snap end"
//
// The whole file is checked before any of the contents is decoded.

// FormatVersion is the version of the snapshot file. Another one is refused with
// ErrVersion.
const FormatVersion = 1

const (
	fileMagic    = "vmrrsnap"
	fileEnd      = "snap end"
	fixedSize    = 24 // bytes before the machine id
	trailerSize  = 16 // bytes after the contents
	maxMachineID = 1 << 10
)

// WriteFile writes a snapshot to a file, whole or not at all. machine is an id of
// the machine it belongs to, which ReadFile must be given again.
func WriteFile(path, machine string, s *Snapshot) error {
	if len(machine) > maxMachineID {
		return fmt.Errorf("writing the snapshot %s: the machine id has %d bytes: want at most %d", path, len(machine), maxMachineID)
	}
	err := atomicfile.Write(path, func(f io.Writer) error {
		sum := xxhash.New()
		w := io.MultiWriter(f, sum)
		if _, err := w.Write(encodeHeader(machine, s.RAMSize())); err != nil {
			return err
		}
		// One thread: the same snapshot always gives the same bytes.
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
		if err != nil {
			return err
		}
		e := encoder{w: z}
		if err := e.snapshot(s); err != nil {
			z.Close()
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		trailer := binary.LittleEndian.AppendUint64(nil, sum.Sum64())
		_, err = f.Write(append(trailer, fileEnd...))
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the snapshot %s: %w", path, err)
	}
	return nil
}

func encodeHeader(machine string, ramSize int) []byte {
	h := []byte(fileMagic)
	h = binary.LittleEndian.AppendUint32(h, FormatVersion)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(machine)))
	h = binary.LittleEndian.AppendUint64(h, uint64(ramSize))
	h = append(h, machine...)
	return binary.LittleEndian.AppendUint64(h, xxhash.Sum64(h))
}

// ReadFile reads a snapshot of a machine with ramSize bytes of RAM. Its errors are
// *ErrDamaged, *ErrVersion, *ErrMismatch, and those of the file system.
func ReadFile(path, machine string, ramSize int) (*Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot %s: %w", path, err)
	}
	s, err := read(f, st.Size(), path, machine, ramSize)
	var failed *os.PathError
	if errors.As(err, &failed) {
		err = fmt.Errorf("reading the snapshot %s: %w", path, failed.Err)
	}
	return s, err
}

func read(f io.ReaderAt, size int64, path, machine string, ramSize int) (*Snapshot, error) {
	damaged := func(format string, args ...any) error {
		return &ErrDamaged{File: path, What: fmt.Sprintf(format, args...)}
	}
	fixed := make([]byte, fixedSize)
	if n, err := f.ReadAt(fixed, 0); err == io.EOF && n < fixedSize {
		return nil, damaged("it is cut off at byte %d", size)
	} else if err != nil && err != io.EOF {
		return nil, err
	}
	if magic := fixed[:8]; string(magic) != fileMagic {
		return nil, damaged("it begins with %q, a snapshot begins with %q", magic, fileMagic)
	}
	idSize := int64(binary.LittleEndian.Uint32(fixed[12:]))
	if idSize > maxMachineID {
		return nil, damaged("its machine id has %d bytes, the most is %d", idSize, maxMachineID)
	}
	start := fixedSize + idSize + 8
	if size < start+trailerSize {
		return nil, damaged("it is cut off at byte %d", size)
	}
	header := make([]byte, start)
	if _, err := f.ReadAt(header, 0); err != nil {
		return nil, err
	}
	if got, want := binary.LittleEndian.Uint64(header[start-8:]), xxhash.Sum64(header[:start-8]); got != want {
		return nil, damaged("its header has checksum %016x, its bytes give %016x", got, want)
	}
	if v := binary.LittleEndian.Uint32(fixed[8:]); v != FormatVersion {
		return nil, &ErrVersion{File: path, Got: v, Want: FormatVersion}
	}
	if got := string(header[fixedSize : start-8]); got != machine {
		return nil, &ErrMismatch{File: path, What: "machine id", Want: machine, Got: got}
	}
	if got := binary.LittleEndian.Uint64(fixed[16:]); got != uint64(ramSize) {
		return nil, &ErrMismatch{File: path, What: "size of RAM in bytes", Want: fmt.Sprint(ramSize), Got: fmt.Sprint(got)}
	}
	if err := checkWhole(f, size, damaged); err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(io.NewSectionReader(f, start, size-trailerSize-start),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	d := decoder{r: bufio.NewReaderSize(z, 64<<10)}
	s, err := d.snapshot(ramSize / PageSize)
	if err != nil {
		return nil, damaged("reading its contents: %v", err)
	}
	return s, nil
}

// checkWhole checks the end mark and the checksum over the file.
func checkWhole(f io.ReaderAt, size int64, damaged func(string, ...any) error) error {
	trailer := make([]byte, trailerSize)
	if _, err := f.ReadAt(trailer, size-trailerSize); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(trailer[8:], []byte(fileEnd)) {
		return damaged("it is cut off at byte %d or its end was overwritten: it ends with %q, a snapshot ends with %q", size, trailer[8:], fileEnd)
	}
	sum := xxhash.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size-trailerSize)); err != nil {
		return err
	}
	if got, want := binary.LittleEndian.Uint64(trailer), sum.Sum64(); got != want {
		return damaged("it has checksum %016x, its bytes give %016x", got, want)
	}
	return nil
}
