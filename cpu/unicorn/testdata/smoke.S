/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Counting itself: loops, calls, string instructions, jumps through registers. */
	mov $1000, %ecx
1:	add %rcx, %rax
	dec %ecx
	jnz 1b
	lea 2f(%rip), %rdx
	call *%rdx
	mov $7, %ecx
	mov $0x90000, %edi
	rep stosb
	mov $0x90000, %esi
	mov $0x90100, %edi
	mov $3, %ecx
	rep movsq
	jmp done
2:	xchg %rax, %rbx
	ret
