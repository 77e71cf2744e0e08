// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// maxPayload bounds what a payload may unpack to, in bytes, against damaged or
// hostile files. Debian's kernels unpack to about 65 MB.
const maxPayload = 1 << 30

// Unpack returns the uncompressed kernel that a bzImage carries: an ELF file,
// without the relocation tables that may follow it (boot.rst, "Details of
// Header Fields", payload_offset).
func Unpack(bzImage []byte) ([]byte, error) {
	h, err := ParseHeader(bzImage)
	if err != nil {
		return nil, err
	}
	body := bzImage[h.SetupSize:]
	off, n := uint64(h.PayloadOffset), uint64(h.PayloadLength)
	if n < 8 || off+n > uint64(len(body)) {
		return nil, notKernel("a bzImage whose payload, %d bytes at offset %d, is not inside its %d bytes of code", n, off, len(body))
	}
	raw, err := decompress(body[off : off+n])
	if err != nil {
		return nil, fmt.Errorf("unpacking the kernel's payload: %w", err)
	}
	end, err := elfEnd(raw)
	if err != nil {
		return nil, err
	}
	return raw[:end], nil
}

// decompress unpacks a payload. The kernel's build appends the unpacked size,
// 4 bytes, to every format but gzip, which ends in it anyway.
func decompress(p []byte) ([]byte, error) {
	var r io.Reader
	sized := p[:len(p)-4]
	switch {
	case bytes.HasPrefix(p, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(bytes.NewReader(p))
		if err != nil {
			return nil, err
		}
		r = z
	case bytes.HasPrefix(p, []byte("\xfd7zXZ\x00")):
		z, err := xz.NewReader(bytes.NewReader(sized), xz.DefaultDictMax)
		if err != nil {
			return nil, err
		}
		z.Multistream(false)
		r = z
	case bytes.HasPrefix(p, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(bytes.NewReader(sized), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<27))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	case bytes.HasPrefix(p, []byte(elf.ELFMAG)):
		return p, nil
	default:
		return nil, fmt.Errorf("it starts with % x: gzip, xz and zstd are known", p[:6])
	}
	want := int(binary.LittleEndian.Uint32(p[len(p)-4:]))
	if want > maxPayload {
		return nil, fmt.Errorf("it claims to unpack to %d bytes, more than the limit of %d", want, maxPayload)
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(r, int64(want)+1)); err != nil {
		return nil, err
	}
	if out.Len() != want {
		return nil, fmt.Errorf("it unpacked to %d bytes or more instead of %d", out.Len(), want)
	}
	return out.Bytes(), nil
}

// elfEnd returns the size of the ELF file at the start of b: the end of its
// headers, segments and sections, whichever is last.
func elfEnd(b []byte) (int, error) {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return 0, notKernel("a payload that is not an ELF file (%v)", err)
	}
	var end uint64
	grow := func(off, size uint64) {
		if off+size < off {
			size = ^off // a damaged entry: past any file
		}
		end = max(end, off+size)
	}
	for _, p := range f.Progs {
		grow(p.Off, p.Filesz)
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS {
			grow(s.Offset, s.FileSize)
		}
	}
	// The section header table itself: e_shoff, e_shentsize and e_shnum.
	le := binary.LittleEndian
	if f.Class == elf.ELFCLASS64 {
		grow(le.Uint64(b[0x28:]), uint64(le.Uint16(b[0x3a:]))*uint64(le.Uint16(b[0x3c:])))
	} else {
		grow(uint64(le.Uint32(b[0x20:])), uint64(le.Uint16(b[0x2e:]))*uint64(le.Uint16(b[0x30:])))
	}
	if end > uint64(len(b)) {
		return 0, notKernel("a payload cut off after %d of %d bytes", len(b), end)
	}
	return int(end), nil
}
