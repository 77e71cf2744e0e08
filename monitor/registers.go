// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/vmrr/vmrr/cpu"
)

// registerFile is who has registers: a cpu.Engine, or a Session.
type registerFile interface {
	Description() *cpu.Description
	ReadRegister(*cpu.Register) []byte
}

func (c *call) infoRegisters() error {
	e := c.Session.Machine().Engine
	r := registers{e}
	if _, ok := r.get("rax"); ok {
		c.printf("%s", r.x86(e.CodeBits() == 64, e.Halted()))
		return nil
	}
	for _, reg := range r.Description().All() {
		b := slices.Clone(r.ReadRegister(reg))
		slices.Reverse(b) // to big-endian
		c.printf("%-10s 0x%0*x\n", reg.Name, reg.Bits/4, new(big.Int).SetBytes(b))
	}
	return nil
}

// registers reads registers by their names.
type registers struct{ registerFile }

// get returns the low 64 bits of a register; ok is false if there is none.
func (r registers) get(name string) (value uint64, ok bool) {
	reg := r.Description().Lookup(name)
	if reg == nil {
		return 0, false
	}
	var wide [8]byte
	copy(wide[:], r.ReadRegister(reg))
	return binary.LittleEndian.Uint64(wide[:]), true
}

func (r registers) value(name string) uint64 {
	v, _ := r.get(name)
	return v
}

// x86 writes the registers as QEMU does, without what the engine does not tell: of
// the segments there are the selectors and the bases of CS, FS and GS.
func (r registers) x86(wide, hlt bool) string {
	var s strings.Builder
	general := []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	if !wide {
		general = general[:8]
	}
	s.WriteString("\nCPU#0\n")
	for i, name := range general {
		end := " "
		if i%4 == 3 {
			end = "\n"
		}
		if wide {
			fmt.Fprintf(&s, "%-3s=%016x%s", strings.ToUpper(name), r.value(name), end)
		} else {
			fmt.Fprintf(&s, "E%s=%08x%s", strings.ToUpper(name[1:]), uint32(r.value(name)), end)
		}
	}
	format := "EIP=%08x EFL=%08x [%s] CPL=%d HLT=%d\n"
	if wide {
		format = "RIP=%016x RFL=%08x [%s] CPL=%d HLT=%d\n"
	}
	halted := 0
	if hlt {
		halted = 1
	}
	flags := r.value("eflags")
	fmt.Fprintf(&s, format, r.value("rip"), flags, flagLetters(flags), r.value("cs")&3, halted)
	for _, name := range []string{"es", "cs", "ss", "ds", "fs", "gs"} {
		fmt.Fprintf(&s, "%s =%04x", strings.ToUpper(name), r.value(name))
		if base, ok := r.get(name + "_base"); ok {
			fmt.Fprintf(&s, " %016x", base)
		}
		s.WriteString("\n")
	}
	fmt.Fprintf(&s, "CR0=%08x CR2=%016x CR3=%016x CR4=%08x\n", r.value("cr0"), r.value("cr2"), r.value("cr3"), r.value("cr4"))
	fmt.Fprintf(&s, "EFER=%016x\n", r.value("efer"))
	r.vectors(&s, wide)
	return s.String()
}

// flagLetters is the summary of EFLAGS (Intel SDM vol. 1, 3.4.3).
func flagLetters(flags uint64) string {
	b := []byte("-------")
	for i, f := range []struct {
		bit    uint
		letter byte
	}{{10, 'D'}, {11, 'O'}, {7, 'S'}, {6, 'Z'}, {4, 'A'}, {2, 'P'}, {0, 'C'}} {
		if flags>>f.bit&1 != 0 {
			b[i] = f.letter
		}
	}
	return string(b)
}

// vectors writes the x87 and SSE registers. QEMU numbers those of the x87 by where
// they are and not by the stack.
func (r registers) vectors(s *strings.Builder, wide bool) {
	status, tags := r.value("fstat"), r.value("ftag")
	top, used := int(status>>11&7), 0
	for i := range 8 {
		if tags>>(2*i)&3 != 3 {
			used |= 1 << i
		}
	}
	fmt.Fprintf(s, "FCW=%04x FSW=%04x [ST=%d] FTW=%02x MXCSR=%08x\n", r.value("fctrl"), status, top, used, r.value("mxcsr"))
	for i := range 8 {
		b := r.ReadRegister(r.Description().Lookup(fmt.Sprintf("st%d", (i-top+8)%8)))
		fmt.Fprintf(s, "FPR%d=%016x %04x%s", i, binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:]), ends(i))
	}
	count := 8
	if wide {
		count = 16
	}
	for i := range count {
		b := r.ReadRegister(r.Description().Lookup(fmt.Sprintf("xmm%d", i)))
		fmt.Fprintf(s, "XMM%02d=%016x %016x%s", i, binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b), ends(i))
	}
}

// ends ends the i-th of a list in two columns.
func ends(i int) string {
	if i%2 == 1 {
		return "\n"
	}
	return " "
}
