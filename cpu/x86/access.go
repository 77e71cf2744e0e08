// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"encoding/binary"
	"fmt"

	"github.com/vmrr/vmrr/cpu"
)

// hiddenCS64 is the bit of State.Hidden that says 64-bit code runs.
const hiddenCS64 = 1 << 15

// LinearPC returns CS.base + RIP, cut to 32 bits outside 64-bit mode.
func (s *State) LinearPC() uint64 {
	pc := s.Segs[SegCS].Base + s.RIP
	if s.Hidden&hiddenCS64 == 0 {
		pc = uint64(uint32(pc))
	}
	return pc
}

// CodeBits returns the width of the code segment: 16, 32 or 64.
func (s *State) CodeBits() int {
	switch {
	case s.Hidden&hiddenCS64 != 0:
		return 64
	case s.Segs[SegCS].Flags&(1<<22) != 0: // D
		return 32
	}
	return 16
}

// encodingOrder maps gdb's order of the general registers to that of State.Regs.
var encodingOrder = [16]int{0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15}

// gdbSegments maps gdb's order of the segment registers (CS SS DS ES FS GS).
var gdbSegments = [6]int{SegCS, SegSS, SegDS, SegES, SegFS, SegGS}

// word returns where a plain integer register of the given ID lies; nil if the
// register needs more than that.
func (s *State) word(id int) *uint64 {
	switch {
	case id >= RAX && id <= R15:
		return &s.Regs[encodingOrder[id-RAX]]
	case id == RIP:
		return &s.RIP
	case id == EFLAGS:
		return &s.RFLAGS
	case id == FSBase:
		return &s.Segs[SegFS].Base
	case id == GSBase:
		return &s.Segs[SegGS].Base
	case id == KGSBase:
		return &s.KernelGSBase
	case id == CR0:
		return &s.CR0
	case id == CR2:
		return &s.CR2
	case id == CR3:
		return &s.CR3
	case id == CR4:
		return &s.CR4
	case id == EFER:
		return &s.EFER
	case id == CSBase:
		return &s.Segs[SegCS].Base
	}
	return nil
}

// RegisterBytes returns v as the little-endian bytes of r.
func RegisterBytes(r *cpu.Register, v uint64) []byte {
	b := make([]byte, max(r.Bits/8, 8))
	binary.LittleEndian.PutUint64(b, v)
	return b[:r.Bits/8]
}

// Register returns the value of r, r.Bits/8 bytes little-endian. CR8 lives in
// the local APIC and is not in a State: it reads as 0.
func (s *State) Register(r *cpu.Register) []byte {
	if w := s.word(r.ID); w != nil {
		return RegisterBytes(r, *w)
	}
	switch id := r.ID; {
	case id == CodeBits:
		return RegisterBytes(r, uint64(s.CodeBits()))
	case id >= CS && id <= GS:
		return RegisterBytes(r, uint64(s.Segs[gdbSegments[id-CS]].Selector))
	case id >= ST0 && id < ST0+8:
		return append([]byte(nil), s.FPR[s.physical(id-ST0)][:10]...)
	case id >= XMM0 && id < XMM0+16:
		return append([]byte(nil), s.XMM[id-XMM0][:]...)
	case id == MXCSR:
		return RegisterBytes(r, uint64(s.MXCSR))
	case id == FCTRL:
		return RegisterBytes(r, uint64(s.FPControl))
	case id == FSTAT:
		return RegisterBytes(r, uint64(s.FPStatusWord&^0x3800|uint16(s.FPTop&7)<<11))
	case id == FTAG:
		return RegisterBytes(r, uint64(s.tagWord()))
	case id == FISEG:
		return RegisterBytes(r, uint64(s.FPCS))
	case id == FIOFF:
		return RegisterBytes(r, uint64(uint32(s.FPIP)))
	case id == FOSEG:
		return RegisterBytes(r, uint64(s.FPDS))
	case id == FOOFF:
		return RegisterBytes(r, uint64(uint32(s.FPDP)))
	case id == FOP:
		return RegisterBytes(r, uint64(s.FPOp&0x7ff))
	}
	return RegisterBytes(r, 0)
}

// physical returns the physical x87 register that is ST(i).
func (s *State) physical(i int) int { return int(s.FPTop+uint32(i)) & 7 }

// tagWord is the x87 tag word (Intel SDM vol. 1, 8.1.7): two bits for each
// physical register; 0 valid, 1 zero, 2 special, 3 empty.
func (s *State) tagWord() uint16 {
	var w uint16
	for i, empty := range s.FPTags {
		tag := uint16(0)
		mantissa := binary.LittleEndian.Uint64(s.FPR[i][:])
		exponent := binary.LittleEndian.Uint16(s.FPR[i][8:]) & 0x7fff
		switch {
		case empty != 0:
			tag = 3
		case exponent == 0 && mantissa == 0:
			tag = 1
		case exponent == 0 || exponent == 0x7fff || mantissa>>63 == 0:
			tag = 2
		}
		w |= tag << (2 * i)
	}
	return w
}

// rflagsWritable are the flags that a debugger may change; bit 1 is always set.
const rflagsWritable = 0x3f7fd5

// SetRegister changes r to value, r.Bits/8 bytes little-endian. Segment
// selectors, system registers and the x87 environment are refused: their hidden
// parts would not follow.
func (s *State) SetRegister(r *cpu.Register, value []byte) error {
	var wide [8]byte
	copy(wide[:], value)
	v := binary.LittleEndian.Uint64(wide[:])
	switch id := r.ID; {
	case id >= RAX && id <= RIP, id == FSBase, id == GSBase, id == KGSBase, id == CR2:
		*s.word(id) = v
	case id == EFLAGS:
		s.RFLAGS = s.RFLAGS&^rflagsWritable | v&rflagsWritable | 2
	case id >= ST0 && id < ST0+8:
		copy(s.FPR[s.physical(id-ST0)][:10], value)
	case id >= XMM0 && id < XMM0+16:
		copy(s.XMM[id-XMM0][:], value)
	default:
		return fmt.Errorf("register %s cannot be written from outside", r.Name)
	}
	return nil
}
