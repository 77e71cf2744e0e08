// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// ram is guest memory from physical address 0 on.
type ram []byte

func (m ram) WriteAt(p []byte, pa int64) (int, error) {
	if pa < 0 || pa > int64(len(m)) || int64(len(p)) > int64(len(m))-pa {
		return 0, fmt.Errorf("%#x is outside RAM", pa)
	}
	return copy(m[pa:], p), nil
}

func (m ram) u8(pa uint64) uint8   { return m[pa] }
func (m ram) u32(pa uint64) uint32 { return binary.LittleEndian.Uint32(m[pa:]) }
func (m ram) u64(pa uint64) uint64 { return binary.LittleEndian.Uint64(m[pa:]) }

// guestFile returns a file of the test guest that "make guests" builds.
func guestFile(t *testing.T, name string) []byte {
	t.Helper()
	path := filepath.Join("..", "..", "build", "guests", "x86_64", name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run \"make guests\" first", err)
	}
	return data
}

// pcMap is the memory map of a PC with size bytes of RAM, all below 4 GB.
func pcMap(size uint64) []Range {
	return []Range{
		{0, 0x9fc00, RangeRAM},
		{0x9fc00, 0x400, RangeReserved},
		{0xf0000, 0x10000, RangeReserved},
		{0x100000, size - 0x100000, RangeRAM},
	}
}

// testBzImage makes a file with a valid header, one sector of setup code and
// one page of protected-mode code, all 0xcc.
func testBzImage() []byte {
	b := make([]byte, 2*sector+4096)
	le := binary.LittleEndian
	for i := 2 * sector; i < len(b); i++ {
		b[i] = 0xcc
	}
	b[offSetupSects] = 1
	le.PutUint16(b[offBootFlag:], 0xaa55)
	b[offJump], b[offJump+1] = 0xeb, 0x6a
	copy(b[offMagic:], "HdrS")
	le.PutUint16(b[offVersion:], 0x20f)
	le.PutUint16(b[offKernelVersion:], 0x100)
	copy(b[0x300:], "1.2.3 test\x00")
	b[offLoadFlags] = loadedHigh | keepSegments
	le.PutUint32(b[offCode32Start:], 0x100000)
	le.PutUint32(b[offInitrdAddrMax:], 0x7fffffff)
	le.PutUint32(b[offAlignment:], 0x200000)
	b[offRelocatable] = 1
	le.PutUint16(b[offXLoadFlags:], xlfKernel64)
	le.PutUint32(b[offCmdLineSize:], 255)
	le.PutUint64(b[offPrefAddress:], 0x1000000)
	le.PutUint32(b[offInitSize:], 0x100000)
	return b
}

// with returns testBzImage changed by f.
func with(f func(b []byte)) []byte {
	b := testBzImage()
	f(b)
	return b
}
