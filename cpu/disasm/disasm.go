// SPDX-License-Identifier: GPL-2.0-or-later

// Package disasm turns machine code into text, with libcapstone (BSD licence).
// It is the only user of that library.
package disasm

/*
#cgo LDFLAGS: -lcapstone
#include <stdio.h>
#include <capstone/capstone.h>

// The fields of one instruction that are wanted, so that Go need not know the
// layout of the library's structure.
static size_t one(csh handle, const uint8_t *code, size_t size, uint64_t pc,
		  char *text, size_t room)
{
	cs_insn *insn;
	size_t length = 0;
	if (cs_disasm(handle, code, size, pc, 1, &insn) == 1) {
		snprintf(text, room, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
		length = insn->size;
		cs_free(insn, 1);
	}
	return length;
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Mode is the kind of code that an x86 CPU runs.
type Mode int

// The modes.
const (
	Mode16 Mode = 16
	Mode32 Mode = 32
	Mode64 Mode = 64
)

// MaxLength is the length of the longest instruction in bytes.
const MaxLength = 15

// Bad is the text of what is no instruction.
const Bad = "(bad)"

// Instruction is one instruction as text, in AT&T syntax as gdb and the GNU
// assembler write it.
type Instruction struct {
	PC     uint64
	Length int // bytes
	Text   string
}

// X86 disassembles up to count instructions of code that lies at linear address
// pc. What is no instruction, or not all there, is one byte long and Bad.
func X86(mode Mode, code []byte, pc uint64, count int) ([]Instruction, error) {
	var handle C.csh
	modes := map[Mode]C.cs_mode{Mode16: C.CS_MODE_16, Mode32: C.CS_MODE_32, Mode64: C.CS_MODE_64}
	if e := C.cs_open(C.CS_ARCH_X86, modes[mode], &handle); e != C.CS_ERR_OK {
		return nil, fmt.Errorf("opening the disassembler: %s", C.GoString(C.cs_strerror(e)))
	}
	defer C.cs_close(&handle)
	C.cs_option(handle, C.CS_OPT_SYNTAX, C.CS_OPT_SYNTAX_ATT)
	var out []Instruction
	var text [256]C.char
	for len(out) < count && len(code) > 0 {
		n := int(C.one(handle, (*C.uint8_t)(unsafe.SliceData(code)), C.size_t(len(code)), C.uint64_t(pc), &text[0], C.size_t(len(text))))
		i := Instruction{pc, n, C.GoString(&text[0])}
		if n == 0 {
			i = Instruction{pc, 1, Bad}
		}
		out = append(out, i)
		code, pc = code[i.Length:], pc+uint64(i.Length)
	}
	return out, nil
}
