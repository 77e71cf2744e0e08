// SPDX-License-Identifier: GPL-2.0-or-later

// Package x86 describes the registers of an x86_64 processor the way gdb wants
// to hear of them, and numbers them for the engine.
//
// gdb looks each register of its standard features up by name, so a feature must
// hold exactly the names that gdb knows ("GDB manual", G.5.17 i386 Features);
// the order of the features gives the numbers used on the wire. The control
// registers are in no standard feature: they form a feature of vmrr's own, after
// the standard ones, under the names and with the widths that QEMU uses for them.
package x86

import (
	"fmt"

	"github.com/vmrr/vmrr/cpu"
)

// The registers, by the ID in their cpu.Register. The ID is also gdb's number.
const (
	RAX = iota
	RBX
	RCX
	RDX
	RSI
	RDI
	RBP
	RSP
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	RIP
	EFLAGS
	CS
	SS
	DS
	ES
	FS
	GS
	ST0 // the x87 stack by position, ST0 to ST7 = ST0+7, 80 bits each
)

// The x87 control registers.
const (
	FCTRL = ST0 + 8 + iota // the control word
	FSTAT                  // the status word, with TOP
	FTAG                   // the tag word in its full form, two bits for each physical register
	FISEG                  // selector of the last x87 instruction
	FIOFF                  // its offset, low 32 bits
	FOSEG                  // selector of its memory operand
	FOOFF                  // the operand's offset, low 32 bits
	FOP                    // opcode of the last x87 instruction, 11 bits
	XMM0                   // XMM0 to XMM15 = XMM0+15, 128 bits each
)

// What follows the vector registers.
const (
	MXCSR = XMM0 + 16 + iota
	FSBase
	GSBase
	KGSBase // IA32_KERNEL_GS_BASE, what SWAPGS exchanges GS.base with
	CR0
	CR2
	CR3
	CR4
	CR8 // the task priority, 0 to 15
	EFER
	CSBase   // the base of the code segment, which $pc has in it
	CodeBits // the width of the code that runs, 16, 32 or 64

	NumRegisters // how many there are in Description
)

// Description returns all registers of an x86_64 processor, as 64-bit code has them. Each call returns a
// new value, which the caller may change.
func Description() *cpu.Description {
	return &cpu.Description{
		Architecture: "i386:x86-64",
		Features: []cpu.Feature{
			{Name: "org.gnu.gdb.i386.core", Types: eflagsType, Registers: coreRegisters()},
			{Name: "org.gnu.gdb.i386.sse", Types: vectorTypes, Registers: sseRegisters()},
			{Name: "org.gnu.gdb.i386.segments", Registers: []cpu.Register{
				{Name: "fs_base", Bits: 64, Type: "int64", ID: FSBase},
				{Name: "gs_base", Bits: 64, Type: "int64", ID: GSBase},
			}},
			{Name: "org.vmrr.i386.system", Types: systemTypes, Registers: []cpu.Register{
				{Name: "k_gs_base", Bits: 64, Type: "int64", ID: KGSBase},
				{Name: "cr0", Bits: 64, Type: "x64_cr0", ID: CR0},
				{Name: "cr2", Bits: 64, Type: "int64", ID: CR2},
				{Name: "cr3", Bits: 64, Type: "int64", ID: CR3},
				{Name: "cr4", Bits: 64, Type: "x64_cr4", ID: CR4},
				{Name: "cr8", Bits: 64, Type: "int64", ID: CR8},
				{Name: "efer", Bits: 64, Type: "x64_efer", ID: EFER},
				{Name: "cs_base", Bits: 64, Type: "int64", ID: CSBase},
				{Name: "code_bits", Bits: 64, Type: "int64", ID: CodeBits},
			}},
		},
	}
}

func coreRegisters() []cpu.Register {
	var rs []cpu.Register
	general := []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	for i, name := range general {
		typ := "int64"
		if i == RBP || i == RSP {
			typ = "data_ptr"
		}
		rs = append(rs, cpu.Register{Name: name, Bits: 64, Type: typ, ID: RAX + i})
	}
	rs = append(rs,
		cpu.Register{Name: "rip", Bits: 64, Type: "code_ptr", ID: RIP},
		cpu.Register{Name: "eflags", Bits: 32, Type: "i386_eflags", ID: EFLAGS})
	for i, name := range []string{"cs", "ss", "ds", "es", "fs", "gs"} {
		rs = append(rs, cpu.Register{Name: name, Bits: 32, Type: "int32", ID: CS + i})
	}
	for i := range 8 {
		rs = append(rs, cpu.Register{Name: fmt.Sprintf("st%d", i), Bits: 80, Type: "i387_ext", ID: ST0 + i})
	}
	for i, name := range []string{"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"} {
		rs = append(rs, cpu.Register{Name: name, Bits: 32, Type: "int", Group: "float", ID: FCTRL + i})
	}
	return rs
}

func sseRegisters() []cpu.Register {
	var rs []cpu.Register
	for i := range 16 {
		rs = append(rs, cpu.Register{Name: fmt.Sprintf("xmm%d", i), Bits: 128, Type: "vec128", ID: XMM0 + i})
	}
	return append(rs, cpu.Register{Name: "mxcsr", Bits: 32, Type: "i386_mxcsr", Group: "vector", ID: MXCSR})
}
