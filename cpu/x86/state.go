// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Segment is a segment register with its hidden part. Flags are bits 8 to 23 of
// the descriptor's second word, in place (Intel SDM vol. 3, 3.4.5).
type Segment struct {
	Base                   uint64
	Selector, Limit, Flags uint32
	_                      uint32
}

// The order of State.Regs and State.Segs: that of the instruction encoding.
const (
	RegRAX = iota
	RegRCX
	RegRDX
	RegRBX
	RegRSP
	RegRBP
	RegRSI
	RegRDI
)

// Indexes of State.Segs.
const (
	SegES = iota
	SegCS
	SegSS
	SegDS
	SegFS
	SegGS
)

// State is the architectural state of a CPU at an instruction boundary, and the
// hidden state that its later behaviour depends on. It is plain data in a
// canonical form: equal states have equal bytes. The tag "names" names the elements
// of an array for who tells states apart. Not in it are the count and
// the clock (the machine's), RAM, and CR8 and the APIC base (the local APIC's).
type State struct {
	Regs                                         [16]uint64 `names:"RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15"`
	RIP, RFLAGS                                  uint64
	Segs                                         [6]Segment `names:"ES CS SS DS FS GS"`
	LDT, TR, GDT, IDT                            Segment
	CR0, CR2, CR3, CR4                           uint64
	DR                                           [8]uint64 `names:"DR0 DR1 DR2 DR3 DR4 DR5 DR6 DR7"`
	EFER, STAR, LSTAR, CSTAR, FMASK              uint64
	KernelGSBase                                 uint64
	SysenterCS, SysenterESP, SysenterEIP         uint64
	PAT, TSCAux, TSCAdjust, MiscEnable           uint64
	MTRRFixed                                    [11]uint64
	MTRRDefType                                  uint64
	MTRRVar                                      [16]uint64
	FPR                                          [8][16]byte // 80-bit values in physical order
	FPTags                                       [8]byte     // 1 = empty
	FPStatus, MMXStatus, SSEStatus               [8]byte     // rounding modes and sticky flags of the arithmetic
	FPIP, FPDP                                   uint64
	FPTop                                        uint32
	FPStatusWord, FPControl, FPOp, FPCS, FPDS, _ uint16
	MXCSR, _                                     uint32
	XMM                                          [16][16]byte
	// Hidden and Hidden2 are flags that the engine derives from the state and
	// keeps through changes as real processors keep descriptors. Zero in a state
	// made by hand: Load derives them. The interrupt shadow of STI and MOV SS is
	// bit 3 of Hidden, the blocking of NMIs bit 2 of Hidden2.
	Hidden, Hidden2         uint32
	Halted, NMIPending, A20 uint8
	_                       [5]byte
}

// StateVersion is the version of the encoding of State.
const StateVersion = 1

// StateError says why an encoded CPU state cannot be loaded.
type StateError struct{ Reason string }

func (e *StateError) Error() string { return "loading the state of the x86_64 CPU: " + e.Reason }

// Encode returns the state little-endian behind its u16 version.
func (s *State) Encode() []byte {
	b := binary.LittleEndian.AppendUint16(nil, StateVersion)
	b, err := binary.Append(b, binary.LittleEndian, s)
	if err != nil {
		panic(err) // only a field that is not of fixed size
	}
	return b
}

// Decode reads what Encode made; otherwise it returns a *StateError and leaves
// s as it was.
func (s *State) Decode(b []byte) error {
	want := 2 + binary.Size(s)
	if len(b) != want {
		return &StateError{fmt.Sprintf("it is %d bytes, want %d", len(b), want)}
	}
	if v := binary.LittleEndian.Uint16(b); v != StateVersion {
		return &StateError{fmt.Sprintf("it has version %d, want %d", v, StateVersion)}
	}
	return binary.Read(bytes.NewReader(b[2:]), binary.LittleEndian, s)
}
