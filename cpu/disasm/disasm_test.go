// SPDX-License-Identifier: GPL-2.0-or-later

package disasm

import (
	"slices"
	"testing"
)

func TestX86(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  Mode
		code  []byte
		count int
		want  []Instruction
	}{
		{"64-bit", Mode64, []byte{0x48, 0x89, 0xe5, 0x0f, 0x05, 0xf4}, 9,
			[]Instruction{{0x1000, 3, "movq %rsp, %rbp"}, {0x1003, 2, "syscall"}, {0x1005, 1, "hlt"}}},
		{"32-bit", Mode32, []byte{0x40, 0x89, 0xe5}, 9, []Instruction{{0x1000, 1, "incl %eax"}, {0x1001, 2, "movl %esp, %ebp"}}},
		{"16-bit", Mode16, []byte{0xb8, 0x34, 0x12}, 9, []Instruction{{0x1000, 3, "movw $0x1234, %ax"}}},
		{"count", Mode64, []byte{0x90, 0x90, 0x90}, 2, []Instruction{{0x1000, 1, "nop"}, {0x1001, 1, "nop"}}},
		{"cut off", Mode64, []byte{0x90, 0x48, 0xb8}, 9,
			[]Instruction{{0x1000, 1, "nop"}, {0x1001, 1, "(bad)"}, {0x1002, 1, "(bad)"}}},
		{"nothing", Mode64, nil, 9, nil},
	} {
		got, err := X86(c.mode, c.code, 0x1000, c.count)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: X86(%x) = %v, %v; want %v", c.name, c.code, got, err, c.want)
		}
	}
}
