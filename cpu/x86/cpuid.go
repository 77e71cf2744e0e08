// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Leaf is the answer of CPUID for one input.
type Leaf struct {
	Leaf, Subleaf      uint32
	AnySubleaf         bool // ECX on input does not matter
	EAX, EBX, ECX, EDX uint32
}

// Model is a CPU model: what CPUID says, and so what the CPU does.
type Model struct {
	Name     string
	PhysBits uint // MAXPHYADDR: width of a physical address, bits
	Leaves   []Leaf
}

// features of leaf 1, EDX (Intel SDM vol. 2, CPUID, table 3-11)
const (
	fpu     = 1 << 0
	de      = 1 << 2
	pse     = 1 << 3
	tsc     = 1 << 4
	msr     = 1 << 5
	pae     = 1 << 6
	cx8     = 1 << 8
	apic    = 1 << 9
	sep     = 1 << 11
	mtrr    = 1 << 12
	pge     = 1 << 13
	cmov    = 1 << 15
	pat     = 1 << 16
	pse36   = 1 << 17
	clflush = 1 << 19
	mmx     = 1 << 23
	fxsr    = 1 << 24
	sse     = 1 << 25
	sse2    = 1 << 26
)

// features of leaf 1, ECX
const (
	sse3       = 1 << 0
	pclmulqdq  = 1 << 1
	ssse3      = 1 << 9
	cx16       = 1 << 13
	sse41      = 1 << 19
	sse42      = 1 << 20
	movbe      = 1 << 22
	popcnt     = 1 << 23
	aes        = 1 << 25
	hypervisor = 1 << 31
)

// features of leaf 7, EBX
const (
	fsgsbase = 1 << 0
	bmi1     = 1 << 3
	smep     = 1 << 7
	bmi2     = 1 << 8
	erms     = 1 << 9
	adx      = 1 << 19
	smap     = 1 << 20
)

// features of leaf 0x80000001 (AMD APM vol. 3, E.4.2), EDX and ECX
const (
	syscall  = 1 << 11
	nx       = 1 << 20
	pdpe1gb  = 1 << 26
	rdtscp   = 1 << 27
	lm       = 1 << 29
	lahf     = 1 << 0 // ECX
	abm      = 1 << 5 // ECX: LZCNT
	sse4a    = 1 << 6 // ECX
	invarTSC = 1 << 8 // leaf 0x80000007, EDX
)

const (
	signature   = 0x00060fb1 // family 15, model 107, stepping 1
	basicMax    = 7
	extendedMax = 0x80000008
	physBits    = 40
	linearBits  = 48
)

// Models returns the names that NewModel knows.
func Models() []string { return []string{"qemu64", "max"} }

// NewModel returns a CPU model by its -cpu name. "qemu64" is a plain AMD-like
// 64-bit processor that every operating system takes; "max" adds all that the
// engine can do. Neither offers what would differ from run to run (RDRAND) or
// what the engine lacks (AVX, performance counters).
func NewModel(name string) (*Model, error) {
	edx1 := uint32(fpu | de | pse | tsc | msr | pae | cx8 | apic | sep | mtrr | pge | cmov |
		pat | pse36 | clflush | mmx | fxsr | sse | sse2)
	ecx1 := uint32(sse3 | ssse3 | cx16 | sse41 | sse42 | popcnt | hypervisor)
	ebx7 := uint32(0)
	edx8 := uint32(syscall | nx | rdtscp | lm)
	ecx8 := uint32(lahf)
	switch name {
	case "qemu64":
	case "max":
		ecx1 |= pclmulqdq | movbe | aes
		ebx7 |= fsgsbase | bmi1 | smep | bmi2 | erms | adx | smap
		edx8 |= pdpe1gb
		ecx8 |= abm | sse4a
	default:
		return nil, fmt.Errorf("CPU model %q is not known: want one of %s", name, strings.Join(Models(), ", "))
	}
	// AMD repeats the leaf 1 features that are older than the split.
	edx8 |= edx1 & (fpu | de | pse | tsc | msr | pae | cx8 | apic | mtrr | pge | cmov | pat | pse36 | mmx | fxsr)
	m := &Model{Name: name, PhysBits: physBits}
	add := func(leaf, a, b, c, d uint32) {
		m.Leaves = append(m.Leaves, Leaf{Leaf: leaf, AnySubleaf: leaf != 7, EAX: a, EBX: b, ECX: c, EDX: d})
	}
	vendorB, vendorD, vendorC := words("AuthenticAMD")
	add(0, basicMax, vendorB, vendorC, vendorD)
	// EBX: CLFLUSH line of 8 quadwords, one logical processor, APIC ID 0.
	add(1, signature, 1<<16|8<<8, ecx1, edx1)
	add(7, 0, ebx7, 0, 0)
	hvB, hvC, hvD := words("vmrrvmrrvmrr")
	add(0x40000000, 0x40000000, hvB, hvC, hvD)
	add(0x80000000, extendedMax, vendorB, vendorC, vendorD)
	add(0x80000001, signature, 0, ecx8, edx8)
	brand := make([]byte, 48)
	copy(brand, "vmrr virtual CPU ("+name+")")
	for i := uint32(0); i < 3; i++ {
		w := func(j uint32) uint32 { return binary.LittleEndian.Uint32(brand[16*i+4*j:]) }
		add(0x80000002+i, w(0), w(1), w(2), w(3))
	}
	add(0x80000007, 0, 0, 0, invarTSC)
	add(0x80000008, linearBits<<8|physBits, 0, 0, 0)
	return m, nil
}

// words splits a 12-character signature into three little-endian words.
func words(s string) (a, b, c uint32) {
	p := []byte(s)
	return binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])
}
