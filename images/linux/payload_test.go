// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestUnpackDebian(t *testing.T) {
	got, err := Unpack(guestFile(t, "vmlinuz"))
	if err != nil {
		t.Fatalf("Unpack(vmlinuz) = %v; want no error", err)
	}
	if want := guestFile(t, "vmlinux"); !bytes.Equal(got, want) {
		t.Errorf("Unpack(vmlinuz) gives %d bytes that differ from vmlinux, %d bytes", len(got), len(want))
	}
}

// withPayload returns a bzImage that carries p.
func withPayload(p []byte) []byte {
	b := append(testBzImage()[:2*sector], "code before"...)
	binary.LittleEndian.PutUint32(b[offPayloadOffset:], uint32(len(b)-2*sector))
	binary.LittleEndian.PutUint32(b[offPayloadLength:], uint32(len(p)))
	return append(append(b, p...), "code after"...)
}

func sized(p []byte, size int) []byte {
	return binary.LittleEndian.AppendUint32(p, uint32(size))
}

func TestUnpackFormats(t *testing.T) {
	elf := testELF()
	raw := append(bytes.Clone(elf), "relocations"...)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(raw)
	w.Close()
	enc, _ := zstd.NewWriter(nil)
	zst := enc.EncodeAll(raw, nil)
	enc.Close()
	for name, payload := range map[string][]byte{
		"gzip": z.Bytes(), "zstd": sized(zst, len(raw)), "none": raw,
	} {
		got, err := Unpack(withPayload(payload))
		if err != nil || !bytes.Equal(got, elf) {
			t.Errorf("%s: Unpack = %d bytes, %v; want the %d bytes of the ELF file", name, len(got), err, len(elf))
		}
	}
	for name, c := range map[string]struct {
		payload []byte
		want    string
	}{
		"unknown":    {[]byte("BZh91AY&SY and more"), "gzip, xz and zstd are known"},
		"wrong size": {sized(bytes.Clone(zst), len(raw)-1), "instead of"},
		"huge size":  {sized(bytes.Clone(zst), 1<<31), "more than the limit"},
		"damaged xz": {[]byte("\xfd7zXZ\x00 no more of it...."), "unpacking the kernel's payload"},
		"no ELF":     {sized(append([]byte("\x28\xb5\x2f\xfd"), zstdOf("text")[4:]...), 4), "a payload that is not an ELF file"},
		"cut ELF":    {elf[:len(elf)-8], "cut off"},
		"empty":      {nil, "whose payload"},
	} {
		_, err := Unpack(withPayload(c.payload))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Unpack = %v; want an error with %q", name, err, c.want)
		}
	}
}

func zstdOf(s string) []byte {
	enc, _ := zstd.NewWriter(nil)
	defer enc.Close()
	return enc.EncodeAll([]byte(s), nil)
}
