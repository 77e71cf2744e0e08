// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"encoding/binary"

	"github.com/vmrr/vmrr/cpu"
)

// pcType is the type of the register that gdb takes for the PC.
const pcType = "code_ptr"

// NarrowDescription implements gdbstub.Narrower.
func (t *target) NarrowDescription(bits int) *cpu.Description {
	return t.Machine().Engine.NarrowDescription(bits)
}

// ReadRegister implements gdbstub.Target. The PC is the linear address of the next
// instruction: gdb knows no segments, looks there for the instruction and compares it
// with the addresses of breakpoints.
func (t *target) ReadRegister(r *cpu.Register) []byte {
	if r.Type != pcType {
		return t.Debuggee.ReadRegister(r)
	}
	return encodeRegister(r, t.PC())
}

// WriteRegister implements gdbstub.Target.
func (t *target) WriteRegister(r *cpu.Register, value []byte) error {
	if r.Type == pcType {
		base := t.PC() - decodeRegister(t.Debuggee.ReadRegister(r))
		offset := decodeRegister(value) - base
		if t.CodeBits() < 64 {
			offset = uint64(uint32(offset))
		}
		value = encodeRegister(r, offset)
	}
	return t.Debuggee.WriteRegister(r, value)
}

// decodeRegister and encodeRegister are for registers of 64 bits or less.
func decodeRegister(value []byte) uint64 {
	var wide [8]byte
	copy(wide[:], value)
	return binary.LittleEndian.Uint64(wide[:])
}

func encodeRegister(r *cpu.Register, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(nil, v)[:r.Bits/8]
}
