// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"encoding/binary"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// segmented is a machine whose code segment begins at base.
type segmented struct {
	Debuggee
	base, offset uint64
	bits         int
	written      string // name of the register written last
}

func (m *segmented) CodeBits() int { return m.bits }
func (m *segmented) PC() uint64 {
	if m.bits < 64 {
		return uint64(uint32(m.base + m.offset))
	}
	return m.base + m.offset
}
func (m *segmented) ReadRegister(r *cpu.Register) []byte {
	return binary.LittleEndian.AppendUint64(nil, m.offset)
}
func (m *segmented) WriteRegister(r *cpu.Register, value []byte) error {
	m.offset, m.written = binary.LittleEndian.Uint64(value), r.Name
	return nil
}

// gdb's PC is linear, whatever the code segment is.
func TestLinearPC(t *testing.T) {
	for _, c := range []struct {
		name           string
		base, offset   uint64
		bits           int
		pc             uint64
		write, written uint64 // to the PC, and what the offset is then
	}{
		{"real mode", 0x20000, 0x12, 16, 0x20012, 0x20100, 0x100},
		{"behind a reset", 0xffff0000, 0xfff0, 16, 0xfffffff0, 0xffff1000, 0x1000},
		{"32-bit, over the top", 0xfffff000, 0x2000, 32, 0x1000, 0xfffff004, 4},
		{"32-bit, below the base", 0x1000, 0, 32, 0x1000, 0xff0, 0xfffffff0},
		{"64-bit", 0, 0xffffffff81000000, 64, 0xffffffff81000000, 0xffffffff81000007, 0xffffffff81000007},
	} {
		m := &segmented{base: c.base, offset: c.offset, bits: c.bits}
		target := newTarget(m, nil, nil)
		d := x86.Description()
		rip := d.Lookup("rip")
		if got := binary.LittleEndian.Uint64(target.ReadRegister(rip)); got != c.pc {
			t.Errorf("%s: the PC at %#x in a segment at %#x is %#x; want %#x", c.name, c.offset, c.base, got, c.pc)
		}
		if err := target.WriteRegister(rip, binary.LittleEndian.AppendUint64(nil, c.write)); err != nil || m.offset != c.written {
			t.Errorf("%s: PC = %#x in a segment at %#x: error %v, the offset is %#x; want %#x", c.name, c.write, c.base, err, m.offset, c.written)
		}
		rax := binary.LittleEndian.AppendUint64(nil, 0x1234)
		if err := target.WriteRegister(d.Lookup("rax"), rax); err != nil || m.written != "rax" || m.offset != 0x1234 {
			t.Errorf("%s: writing another register: error %v, %s = %#x; want rax as it is", c.name, err, m.written, m.offset)
		}
	}
}
