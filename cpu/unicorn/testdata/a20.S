/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* The A20 gate: off, bit 20 of every physical address is 0. */
	movq $0x1111, 0xc8000
	movq $0x2222, 0x1c8000
	mov 0x1c8000, %rax
	mov %rax, DATA
	xor %eax, %eax
	out %al, $0x92
	mov 0x1c8000, %rax			/* the next instruction already */
	mov %rax, DATA + 8
	movq $0x3333, 0x1c8000
	mov 0xc8000, %rax
	mov %rax, DATA + 16
	mov $2, %eax
	out %al, $0x92
	mov 0x1c8000, %rax
	mov %rax, DATA + 24
	/* code too: INC or DEC of RBX */
	movl $0xc3c3ff48, 0xc9000
	movl $0xc3cbff48, 0x1c9000
	mov $0x1c9000, %edx
	call *%rdx
	xor %eax, %eax
	out %al, $0x92
	call *%rdx
	call *%rdx
	mov $2, %eax
	out %al, $0x92
	call *%rdx
	mov %rbx, DATA + 32
	jmp done
